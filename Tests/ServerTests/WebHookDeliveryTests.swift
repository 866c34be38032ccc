import Curl
import Foundation
import Model
import OpenSSL
import Synchronization
import TestSupport
import Testing
import Wire

/// What a receiver of web hooks sees of a real server.
@Suite struct WebHookDeliveryTests {
    private let secret = "0123456789abcdef"

    private func happen(_ names: some Sequence<Int>, _ server: ServerProcess) throws {
        for name in names {
            let body = CohortRequest(selector: "all").bytes
            #expect(try server.asOperator(.put, "cohorts/c\(name)", body).status == 200)
        }
    }

    private func add(_ url: String, _ server: ServerProcess) throws -> WebHookSummary {
        let request = WebHookRequest(url: url, kinds: [.fleet], secret: secret)
        let answer = try server.asOperator(.post, "webhooks", request.bytes)
        #expect(answer.status == 201)
        #expect(answer.header("location")?.hasPrefix("/api/v1/webhooks/wh-") == true)
        return try WebHookSummary(parsing: answer.body, limitBytes: 65_536)
    }

    private func summary(_ hook: WebHookSummary, _ server: ServerProcess) throws -> WebHookSummary {
        try WebHookSummary(
            parsing: server.asOperator(.get, "webhooks/\(hook.id)").body, limitBytes: 65_536)
    }

    private func start(_ receiver: Receiver, folder: URL? = nil) throws -> ServerProcess {
        try ServerProcess(
            folder: folder ?? ServerProcess.preparedFolder(), ["--webhooks", receiver.url])
    }

    @Test func tellsInOrderAndSigns() throws {
        let receiver = try Receiver()
        let server = try start(receiver)
        let hook = try add("\(receiver.url)/in", server)
        try happen(0..<5, server)
        let requests = receiver.wait(for: 6)
        let events = try requests.map {
            try EventSummary(parsing: $0.body, limitBytes: 65_536)
        }
        #expect(events.map(\.number) == events.map(\.number).sorted())
        #expect(Set(events.map(\.number)).count == 6)
        for (request, event) in zip(requests, events) {
            #expect(request.header("slipway-event") == "\(event.number)")
            #expect(request.header("slipway-webhook") == hook.id.text)
            #expect(request.header("content-type") == "application/json")
            let header = try #require(request.header("slipway-signature"))
            let parts = header.split(separator: ",")
            let seconds = try #require(parts.first).dropFirst(2)
            let code = try MessageAuthentication.hmacSHA256(
                Array("\(seconds).".utf8) + request.body, key: Array(secret.utf8))
            #expect(header == "t=\(seconds),v1=\(Hex.encode(code))")
        }
    }

    @Test func triesAgainWhatWasAnswered500() throws {
        let receiver = try Receiver { count in count <= 2 ? .status("500 No") : .ok([]) }
        let server = try start(receiver)
        let hook = try add("\(receiver.url)/in", server)
        try happen(0..<1, server)
        let requests = receiver.wait(for: 4)
        // The first three are the same event, and the next comes after it.
        #expect(Set(requests.prefix(3).map(\.body)).count == 1)
        #expect(requests[3].body != requests[2].body)
        while try summary(hook, server).failures != 0 {}
        #expect(try summary(hook, server).deadLetters == 0)
    }

    @Test func tellsByMetricsWhatBecameOfDeliveries() throws {
        let receiver = try Receiver { count in count <= 2 ? .status("500 No") : .ok([]) }
        let server = try start(receiver)
        let hook = try add("\(receiver.url)/in", server)
        try happen(0..<1, server)
        _ = receiver.wait(for: 4)
        while try summary(hook, server).failures != 0 {}

        let metrics = try server.scrape()
        let deliveries = "slipway_webhook_deliveries_total"
        #expect(metrics.value(deliveries, ["result": "failed"]) == 2)
        #expect(metrics.value(deliveries, ["result": "refused"]) == 0)
        #expect(try #require(metrics.value(deliveries, ["result": "delivered"])) >= 1)
        #expect(metrics.value("slipway_webhooks") == 1)
        #expect(metrics.value("slipway_webhooks_failing") == 0)
        #expect(metrics.value("slipway_webhook_dead_letters") == 0)
    }

    @Test func aHangingReceiverHoldsUpNobody() throws {
        let hanging = try Receiver { _ in .bytesThenSilence([]) }
        let good = try Receiver()
        let server = try ServerProcess(
            folder: ServerProcess.preparedFolder(), ["--webhooks", "\(hanging.url),\(good.url)"])
        _ = try add("\(hanging.url)/in", server)
        _ = hanging.wait(for: 1)
        _ = try add("\(good.url)/in", server)
        try happen(0..<3, server)
        #expect(good.wait(for: 4).count == 4)
        #expect(hanging.wait(for: 1).count == 1)
    }

    /// Between the receiver's word and our bookkeeping there is a repeat, and never a loss.
    @Test func aKilledServerRepeatsAndLosesNothing() throws {
        let receiver = try Receiver { count in
            count == 2 ? .bytesThenSilence([]) : .ok([])
        }
        let server = try start(receiver)
        _ = try add("\(receiver.url)/in", server)
        try happen(0..<4, server)
        let before = receiver.wait(for: 2)
        server.kill()
        let again = try start(receiver, folder: server.folder)
        let all = receiver.wait(for: 6)
        #expect(all[2].body == before[1].body)
        let numbers = all.compactMap { $0.header("slipway-event") }
        #expect(Set(numbers).count == 5)
        withExtendedLifetime(again) {}
    }

    @Test func followsNoRedirect() throws {
        let target = try Receiver()
        let receiver = try Receiver { _ in
            .status("302 Found", [], "Location: \(target.url)/\r\n")
        }
        let server = try start(receiver)
        let hook = try add("\(receiver.url)/in", server)
        while try summary(hook, server).failures == 0 {}
        #expect(try summary(hook, server).problem == "the address answers 302")
        #expect(target.count == 0)
    }

    /// What an operator may enter must not reach into the network around the server.
    @Test func reachesNoPrivateAddress() throws {
        let receiver = try Receiver()
        let server = try ServerProcess()
        for url in ["\(receiver.url)/in", "http://localhost:\(receiver.port)/", "gopher://x/"] {
            let body = WebHookRequest(url: url, kinds: [], secret: nil).bytes
            #expect(try server.asOperator(.post, "webhooks", body).status == 422, "\(url)")
        }
        for host in [
            "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433",
        ] {
            let hook = try add("https://\(host):\(receiver.port)/in", server)
            while try summary(hook, server).failures == 0 {}
        }
        #expect(receiver.connectionCount == 0)
    }

    @Test func theCommandsWork() throws {
        let receiver = try Receiver { _ in .status("400 Bad") }
        let server = try start(receiver)
        func slipway(_ arguments: String...) throws -> (code: Int32, words: String) {
            try ServerProcess.run(
                "slipway",
                ["webhook"] + arguments + [
                    "--server", server.url, "--token-file",
                    server.folder.appending(path: "data/operator-token").path,
                ])
        }
        let added = try slipway("add", "\(receiver.url)/in", "--kind", "fleet", "--json")
        let hook = try WebHookSummary(parsing: Array(added.words.utf8), limitBytes: 65_536)
        #expect(hook.kinds == [.fleet] && hook.secret != nil)
        _ = receiver.wait(for: 1)
        while try summary(hook, server).failures == 0 {}
        let list = try slipway("list")
        #expect(list.words.contains("the address answers 400"), "\(list.words)")
        #expect(!list.words.contains(try #require(hook.secret)))
        #expect(try slipway("dead-letters", hook.id.text).words.contains("GIVEN UP"))
        let again = try slipway("redeliver", hook.id.text)
        #expect(again.words == "0 dead letters go out again\n")
        #expect(try slipway("redeliver", hook.id.text, "--event", "9").code == 65)
        #expect(try slipway("add", "http://example.com").code == 65)
        #expect(try slipway("add", "https://example.com", "--kind", "x").code == 64)
        #expect(try slipway("remove", hook.id.text).code == 0)
        #expect(try slipway("dead-letters", hook.id.text).code == 65)
        #expect(try slipway("remove", hook.id.text).code == 65)
    }

    @Test func aKeyMakesOneWebHook() throws {
        let server = try ServerProcess()
        func post(_ url: String, _ key: String) throws -> HTTPResponse {
            try server.send(
                .post, "/api/v1/webhooks",
                WebHookRequest(url: url, kinds: [], secret: nil).bytes,
                headers: [
                    ("Authorization", "Bearer \(server.operatorToken)"),
                    ("Idempotency-Key", key),
                ])
        }
        let first = try post("https://hooks.example.com/a", "k-1")
        let second = try post("https://hooks.example.com/a", "k-1")
        #expect(first.status == 201 && second.status == 201)
        #expect(first.body == second.body)
        #expect(try post("https://hooks.example.com/b", "k-1").status == 422)
        #expect(try post("https://hooks.example.com/b", "no key").status == 400)
        let list = try ListAnswer<WebHookSummary>(
            parsing: server.asOperator(.get, "webhooks").body, limitBytes: 65_536)
        #expect(list.items.count == 1)
    }
}

/// Listens for web hooks, and lets a test wait for so many.
private final class Receiver: Sendable {
    private let server: LoopbackServer
    private let log: ReceivedLog

    /// - Parameter answer: To the request of this number, from 1.
    init(_ answer: @escaping @Sendable (Int) -> Reply = { _ in .ok([]) }) throws {
        let log = ReceivedLog()
        self.log = log
        server = try LoopbackServer { request in answer(log.add(request)) }
    }

    var url: String { server.url }
    var port: UInt16 { server.port }
    var count: Int { log.requests.count }
    var connectionCount: Int { server.connectionCount }

    /// Blocks until so many requests have come.
    func wait(for count: Int) -> [ReceivedRequest] { log.wait(for: count) }
}

private final class ReceivedLog: Sendable {
    private let kept = Mutex<[ReceivedRequest]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    var requests: [ReceivedRequest] { kept.withLock { $0 } }

    func add(_ request: ReceivedRequest) -> Int {
        let count = kept.withLock { requests in
            requests.append(request)
            return requests.count
        }
        arrivals.signal()
        return count
    }

    func wait(for count: Int) -> [ReceivedRequest] {
        while kept.withLock({ $0.count }) < count {
            guard arrivals.wait(timeout: .now() + 60) == .success else {
                Issue.record("only \(requests.count) of \(count) requests came")
                return requests
            }
        }
        return requests
    }
}
