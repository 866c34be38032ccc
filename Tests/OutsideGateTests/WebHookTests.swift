import Foundation
import Model
import Orchestrator
import Rollouts
import Server
import TestSupport
import Testing

@testable import slipway_server

/// Web hooks, and what comes of their answers.
@Suite struct WebHookTests {
    private static func question(_ text: String) -> OutsideCheck.Question {
        .webHook(must(OutsideAddress(text)))
    }

    private static func answer(
        _ reply: @escaping @Sendable () -> Reply
    ) async throws -> OutsideAnswer {
        let server = try LoopbackServer { _ in reply() }
        return try await OutsideGates.with([.webhooks: server.url]).ask(
            question("\(server.url)/gate"), timeoutSeconds: 1)
    }

    static let answers: [(String, OutsideAnswer)] = [
        (#"{"answer":"pass"}"#, .pass),
        (#"{"answer":"pass","reason":"all good","more":[1]}"#, .pass),
        (#"{"answer":"fail","reason":"3 angry"}"#, .fail("3 angry")),
        (#"{"answer":"fail"}"#, .fail("no reason given")),
        (#"{"answer":"unknown","reason":"night"}"#, .unknown("night")),
        (#"{"answer":"unknown"}"#, .unknown("no reason given")),
        (#"{"answer":"PASS"}"#, .unknown("the web hook answers neither pass nor fail nor unknown")),
        (#"{"answer":""}"#, .unknown("the web hook answers neither pass nor fail nor unknown")),
    ]

    @Test(arguments: answers)
    func takesItsWord(body: String, expected: OutsideAnswer) async throws {
        #expect(try await Self.answer { .ok(Array(body.utf8)) } == expected)
    }

    @Test(
        arguments: [
            "", "pass", "{", "null", #"["pass"]"#, #"{"answer":true}"#, #"{"reason":"x"}"#,
            #"{"answer":"fail","answer":"pass"}"#, #"{"answer":"pass"} {}"#,
            #"{"answer":"pass","reason":5}"#,
        ])
    func anythingElseIsUnknown(body: String) async throws {
        let answer = try await Self.answer { .ok(Array(body.utf8)) }
        #expect("\(answer)".hasPrefix("unknown: the web hook's answer cannot be read: "))
    }

    @Test(arguments: ["201 Created", "204 No Content", "400 Bad Request", "500 Oops"])
    func anotherStatusIsUnknown(status: String) async throws {
        let answer = try await Self.answer { .status(status, Array(#"{"answer":"pass"}"#.utf8)) }
        #expect(answer == .unknown("the web hook answers \(status.prefix(3))"))
    }

    @Test func tellsTheQuestion() async throws {
        let server = try LoopbackServer { _ in .ok(Array(#"{"answer":"pass"}"#.utf8)) }
        let gates = try OutsideGates.with([.webhooks: "https://other/x, \(server.url)/gate"])
        #expect(await gates.ask(Self.question("\(server.url)/gate/acme?x=y")) == .pass)
        let request = try #require(server.requests.first)
        #expect(request.method == "POST")
        #expect(request.target == "/gate/acme?x=y")
        #expect(request.header("content-type") == "application/json")
        let told = try #require(
            try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any])
        #expect(
            told as NSDictionary == [
                "check": "qa", "rollout": "gateway-2.4.1", "release": "acme 2.4.1", "wave": 2,
                "wave_name": "early \"ö\"", "since": "1970-01-01T00:00:00Z", "proven": 40,
                "failed": 2, "now": "1970-01-01T01:00:00Z",
            ] as NSDictionary)
    }

    @Test func aRedirectIsNotFollowed() async throws {
        let other = try LoopbackServer { _ in .ok(Array(#"{"answer":"pass"}"#.utf8)) }
        let url = other.url
        for status in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
            let answer = try await Self.answer { .status(status, [], "Location: \(url)/\r\n") }
            #expect(answer == .unknown("the web hook answers \(status.prefix(3))"))
        }
        #expect(other.requests.isEmpty)
    }

    @Test func silenceIsUnknown() async throws {
        let answer = try await Self.answer { .bytesThenSilence([]) }
        #expect("\(answer)".hasPrefix("unknown: web hook: timed out"))
    }

    @Test func aHugeAnswerIsUnknown() async throws {
        let reason = String(repeating: "x", count: 65_536)
        let answer = try await Self.answer {
            .ok(Array(#"{"answer":"pass","reason":"\#(reason)"}"#.utf8))
        }
        #expect(answer == .unknown("web hook: the answer is longer than 65536 bytes"))
    }

    @Test(arguments: ["/gatekeeper", "/", "/other/gate"])
    func whatTheOwnerDidNotAllowIsNotCalled(path: String) async throws {
        let server = try LoopbackServer { _ in .ok(Array(#"{"answer":"pass"}"#.utf8)) }
        let gates = try OutsideGates.with([.webhooks: "\(server.url)/gate"])
        let answer = await gates.ask(Self.question("\(server.url)\(path)"))
        #expect(
            answer
                == .unknown("this server's setting webhooks does not allow \(server.url)\(path)"))
        #expect(server.connectionCount == 0)
    }

    @Test func withoutTheSettingNothingIsCalled() async throws {
        let answer = try await OutsideGates.with([:]).ask(Self.question("https://qa/gate"))
        #expect(answer == .unknown("this server's setting webhooks does not allow https://qa/gate"))
    }

    @Test(arguments: ["qa", "https://a,ftp://b", "https://qa/../x", "https://qa/?x"])
    func aSettingThatIsNoAddressIsRefused(text: String) {
        #expect(throws: ServerProblem.self) { try OutsideGates.with([.webhooks: text]) }
    }

    /// A server that ends does not wait for whoever thinks.
    @Test func whoeverStopsWaitingIsToldAtOnce() async throws {
        let server = try LoopbackServer { _ in .bytesThenSilence([]) }
        let gates = try OutsideGates.with([.webhooks: server.url])
        let question = Self.question("\(server.url)/gate")
        let asking = Task { await gates.ask(question, timeoutSeconds: 60) }
        asking.cancel()
        #expect(await asking.value == .unknown("the server was stopping"))
    }
}
