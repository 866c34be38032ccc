import Curl
import Foundation
import Model
import OpenSSL
import Synchronization
import TestSupport
import Testing
import Wire

/// The event stream tells everything once, in order, across cuts and restarts.
@Suite struct EventStreamTests {
    private func happen(_ names: some Sequence<Int>, _ server: ServerProcess) throws {
        for name in names {
            let body = CohortRequest(selector: "all").bytes
            #expect(try server.asOperator(.put, "cohorts/c\(name)", body).status == 200)
        }
    }

    /// Reads the stream until `count` events have come.
    private func read(
        _ count: Int, _ server: ServerProcess, query: String = "",
        headers: [(String, String)] = [], whenOpen: () throws -> Void = {}
    ) throws -> [EventSummary] {
        var text = ""
        var events: [EventSummary] = []
        var isOpen = false
        var problem: (any Error)?
        let end = try HTTPClient(options: .standard).download(
            url: "\(server.url)/api/v1/events/stream\(query)",
            headers: [("Authorization", "Bearer \(server.operatorToken)")] + headers, from: 0,
            maximumBytes: .max
        ) { bytes in
            text += String(decoding: bytes, as: UTF8.self)
            do {
                if !isOpen {
                    isOpen = true
                    try whenOpen()
                }
                while let line = text.firstRange(of: "\n\n") {
                    let block = text[..<line.lowerBound].split(separator: "\n")
                    text.removeSubrange(..<line.upperBound)
                    guard let id = block.first(where: { $0.hasPrefix("id: ") }),
                        let data = block.first(where: { $0.hasPrefix("data: ") })
                    else { continue }
                    let event = try EventSummary(
                        parsing: Array(data.dropFirst(6).utf8), limitBytes: 65_536)
                    #expect(id == "id: \(event.number)")
                    events.append(event)
                }
            } catch {
                problem = error
                return false
            }
            return events.count < count
        }
        if let problem { throw problem }
        #expect(end == .stopped)
        return events
    }

    @Test func goesOnAfterACutWithoutLossOrRepeat() throws {
        let server = try ServerProcess()
        let first = try read(3, server, query: "?after=0") { try happen(0..<3, server) }
        #expect(first.map { $0.what.contains("cohort c") } == [true, true, true])
        // What happened while nobody listened comes first.
        try happen(3..<6, server)
        let last = try #require(first.last).number
        let second = try read(4, server, headers: [("Last-Event-ID", "\(last)")]) {
            try happen(6..<7, server)
        }
        let all = (first + second).map(\.number)
        #expect(all == all.sorted() && Set(all).count == 7)
        #expect((first + second).map(\.what).filter { $0.contains("cohort c") }.count == 7)
        let known = try server.asOperator(.get, "events?limit=1000")
        let listed = try ListAnswer<EventSummary>(parsing: known.body, limitBytes: 1_048_576)
        #expect(listed.items == first + second)
    }

    @Test func goesOnAfterTheServerWasKilled() throws {
        let server = try ServerProcess()
        try happen(0..<3, server)
        let first = try read(2, server, query: "?after=0")
        server.kill()
        let again = try ServerProcess(folder: server.folder)
        let last = try #require(first.last).number
        let second = try read(4 - first.count, again, query: "?after=\(last)") {
            try happen(3..<4, again)
        }
        let names = (first + second).map(\.what).map { String($0.prefix(9)) }
        #expect(names == (0..<4).map { "cohort c\($0)" })
    }

    @Test func tellsOnlyWhatIsAskedFor() throws {
        let server = try ServerProcess()
        let events = try read(1, server, query: "?device=one&after=0") {
            try happen(0..<2, server)
            let message = try server.checkIn(key: .generate())
            #expect(try server.send(.post, "/device/v1/check-in", message).status == 200)
        }
        #expect(events.map(\.device?.text) == ["one"])
    }

    @Test(arguments: [
        "?after=-1", "?after=x", "?rollout=%20", "?device=../x", "?after=99999999999999999999",
    ])
    func refusesGarbage(query: String) throws {
        let server = try ServerProcess()
        #expect(try server.asOperator(.get, "events/stream\(query)").status == 400)
        #expect(try server.asOperator(.get, "events\(query)").status == 400)
    }

    /// A client that has seen more than there is would wait for ever, and hear nothing.
    @Test func refusesAPlaceThatIsYetToCome() throws {
        let server = try ServerProcess()
        let answer = try server.asOperator(.get, "events/stream?after=1000")
        #expect(answer.status == 409)
        #expect(try server.send(.get, "/api/v1/events/stream").status == 401)
    }

    @Test func endsWhenTheServerStops() throws {
        let server = try ServerProcess()
        let code = Mutex<Int32?>(nil)
        let end = try HTTPClient(options: .standard).download(
            url: "\(server.url)/api/v1/events/stream",
            headers: [("Authorization", "Bearer \(server.operatorToken)")], from: 0,
            maximumBytes: .max
        ) { _ in
            server.askToStop()
            return true
        }
        code.withLock { $0 = server.stop() }
        #expect(end != .stopped)
        #expect(code.withLock { $0 } == 0)
    }

    @Test func keepsStreamsFew() throws {
        let server = try ServerProcess()
        var clients: [Stream] = []
        for _ in 0..<64 { clients.append(try Stream(server)) }
        let answer = try server.asOperator(.get, "events/stream")
        #expect(answer.status == 503)
        #expect(answer.header("retry-after") == "10")
        #expect(try server.asOperator(.get, "devices").status == 200)
        clients = []
        // The places of those who left are free again, once something is told to them.
        try happen(0..<1, server)
        var status = 503
        while status == 503 {
            try happen(1..<2, server)
            status = try server.asOperator(.head, "events/stream").status
        }
        #expect(status == 200)
    }

    @Test func tellsByMetricsHowManyFollow() throws {
        let server = try ServerProcess()
        #expect(try server.scrape().value("slipway_event_streams_open") == 0)
        let clients = try (0..<3).map { _ in try Stream(server) }
        #expect(try server.scrape().value("slipway_event_streams_open") == 3)
        withExtendedLifetime(clients) {}
    }

    @Test func theCommandFollows() throws {
        let server = try ServerProcess()
        try happen(0..<3, server)
        let options = [
            "--server", server.url, "--token-file",
            server.folder.appending(path: "data/operator-token").path,
        ]
        let end = try ServerProcess.run("slipway", ["events", "--after", "1", "--json"] + options)
        #expect(end.code == 0)
        let lines = end.words.split(separator: "\n")
        #expect(lines.count == 2, "\(end.words)")
        let far = try ServerProcess.run(
            "slipway", ["events", "--follow", "--after", "1000"] + options)
        #expect(far.code == 65, "\(far.words)")

        let process = ChildProcess()
        let pipe = Pipe()
        process.executableURL = ServerProcess.products.appending(path: "slipway")
        process.arguments = ["events", "--follow", "--after", "2"] + options
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        var said = ""
        while !said.contains("cohort c2") {
            let data = pipe.fileHandleForReading.availableData
            try #require(!data.isEmpty)
            said += String(decoding: data, as: UTF8.self)
        }
        try happen(7..<8, server)
        while !said.contains("cohort c7") {
            let data = pipe.fileHandleForReading.availableData
            try #require(!data.isEmpty)
            said += String(decoding: data, as: UTF8.self)
        }
        // A signal that asks may be blocked where tests run.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(said.split(separator: "\n").count == 2, "\(said)")
    }
}

/// One open stream, of which only the head is read.
private final class Stream {
    private let task: ChildProcess

    init(_ server: ServerProcess) throws {
        task = ChildProcess()
        let pipe = Pipe()
        task.executableURL = URL(filePath: "/usr/bin/curl")
        task.arguments = [
            "--no-buffer", "--silent", "--noproxy", "*", "--header",
            "Authorization: Bearer \(server.operatorToken)",
            "\(server.url)/api/v1/events/stream",
        ]
        task.standardOutput = pipe
        try task.run()
        let head = pipe.fileHandleForReading.availableData
        try #require(!head.isEmpty)
    }

    deinit {
        kill(task.processIdentifier, SIGKILL)
        task.waitUntilExit()
    }
}
