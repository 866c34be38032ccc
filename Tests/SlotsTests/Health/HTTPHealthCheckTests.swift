import Agent
import Foundation
import TestSupport
import Testing

@testable import slipway_agent

@Suite struct HTTPHealthCheckTests {
    private func verdict(
        _ reply: Reply, status: Int? = nil, text: String? = nil,
        within time: Duration = .seconds(20)
    ) throws -> HealthVerdict {
        let server = try LoopbackServer { _ in reply }
        let verdict = HTTPHealthCheck(url: "\(server.url)/", status: status, text: text)
            .run(in: try slot("b"), within: time)
        #expect(server.requests.count <= 1)
        switch verdict {
        case .healthy: return .healthy
        case .unhealthy(let reason):
            return .unhealthy(reason.replacing(server.url, with: "URL"))
        }
    }

    @Test(arguments: ["200 OK", "204 No Content", "302 Found", "399 Odd"])
    func isHealthyFrom200To399(status: String) throws {
        #expect(try verdict(.status(status, [], "Location: /elsewhere\r\n")) == .healthy)
    }

    @Test(arguments: ["400 Bad Request", "404 Not Found", "500 Oops", "503 Later"])
    func isUnhealthyWithAnyOther(status: String) throws {
        #expect(
            try verdict(.status(status))
                == .unhealthy("URL/ answers with the status \(status.prefix(3))"))
    }

    @Test func aGivenStatusIsTheOnlyGoodOne() throws {
        #expect(try verdict(.status("401 Who"), status: 401) == .healthy)
        #expect(
            try verdict(.ok([]), status: 401)
                == .unhealthy("URL/ answers with the status 200, not with 401"))
    }

    @Test func thePageHasToSayItsText() throws {
        let page = Reply.ok(Array("{\"state\": \"ready\"}".utf8))
        #expect(try verdict(page, text: "\"ready\"") == .healthy)
        #expect(try verdict(page, text: "{") == .healthy)
        #expect(try verdict(page, text: "}") == .healthy)
        #expect(try verdict(page, text: "steady") == .unhealthy("URL/ does not say \"steady\""))
    }

    @Test func onlyTheFirst64KiBAreLookedAt() throws {
        let early = Array(repeating: UInt8(ascii: "."), count: 65_531) + Array("ready".utf8)
        #expect(try verdict(.ok(early + early), text: "ready") == .healthy)
        let late = [UInt8(ascii: ".")] + early
        #expect(try verdict(.ok(late), text: "ready") == .unhealthy("URL/ does not say \"ready\""))
    }

    @Test(.timeLimit(.minutes(1))) func anEndlessPageEnds() throws {
        let head = Array("HTTP/1.1 200 OK\r\n\r\nready".utf8)
        let dots = Array(repeating: UInt8(ascii: "."), count: 4096)
        #expect(try verdict(.endless(head, repeating: dots), text: "ready") == .healthy)
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["", "HTTP/1.1 200 OK\r\n\r\nready"])
    func aServerThatFallsSilentIsGivenUp(begin: String) throws {
        guard
            case .unhealthy(let reason) = try verdict(
                .bytesThenSilence(Array(begin.utf8)), within: .seconds(1))
        else {
            Issue.record("the page never ended")
            return
        }
        #expect(reason.contains("timed out"), "\(reason)")
    }

    @Test func lessThanASecondIsNoTime() throws {
        #expect(
            try verdict(.ok([]), within: .milliseconds(900))
                == .unhealthy("less than a second was left to ask URL/"))
    }

    @Test func nobodyListening() throws {
        let port = try LoopbackServer.deadPort()
        let check = HTTPHealthCheck(url: "http://127.0.0.1:\(port)/", status: nil, text: nil)
        guard case .unhealthy = check.run(in: try slot("b"), within: .seconds(20)) else {
            Issue.record("nobody listens")
            return
        }
    }
}
