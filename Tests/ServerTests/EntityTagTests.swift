import Curl
import Foundation
import Model
import OpenSSL
import Testing
import Wire

/// `ETag` and `If-Match` where two people may edit.
@Suite struct EntityTagTests {
    private func ask(
        _ server: ServerProcess, _ method: HTTPMethod, _ path: String, _ body: [UInt8] = [],
        ifMatch: String? = nil
    ) throws -> HTTPResponse {
        try server.send(
            method, "/api/v1/\(path)", body,
            headers: [("Authorization", "Bearer \(server.operatorToken)")]
                + (ifMatch.map { [("If-Match", $0)] } ?? []))
    }

    @Test func aSecondWriterIsToldToLookAgain() throws {
        let server = try ServerProcess()
        let all = CohortRequest(selector: "all").bytes
        let none = CohortRequest(selector: "not all").bytes
        #expect(try ask(server, .put, "cohorts/c", all, ifMatch: "*").status == 412)
        #expect(try ask(server, .put, "cohorts/c", all).status == 200)
        let tag = try #require(try ask(server, .get, "cohorts/c").header("etag"))
        #expect(tag == "\"c1\"")
        let first = try ask(server, .put, "cohorts/c", none, ifMatch: tag)
        #expect(first.status == 200 && first.header("etag") == "\"c2\"")
        #expect(try ask(server, .put, "cohorts/c", all, ifMatch: tag).status == 412)
        #expect(try ask(server, .put, "cohorts/c", all, ifMatch: "W/\"c2\"").status == 412)
        #expect(try ask(server, .put, "cohorts/c", all, ifMatch: "c2").status == 400)
        #expect(try ask(server, .put, "cohorts/c", all, ifMatch: "\"c9\", \"c2\"").status == 200)
    }

    @Test func aDeviceThatSomebodyHeldIsNotRetiredUnseen() throws {
        let server = try ServerProcess()
        let message = try server.checkIn(key: .generate())
        #expect(try server.send(.post, "/device/v1/check-in", message).status == 200)
        let tag = try #require(try ask(server, .get, "devices/one").header("etag"))
        let reason = HoldRequest(reason: "lab").bytes
        let held = try ask(server, .post, "devices/one/hold", reason, ifMatch: tag)
        #expect(held.status == 200 && held.header("etag") != tag)
        #expect(try ask(server, .post, "devices/one/retire", ifMatch: tag).status == 412)
        let fresh = try #require(try ask(server, .get, "devices/one").header("etag"))
        #expect(try ask(server, .post, "devices/one/retire", ifMatch: fresh).status == 200)
        #expect(try ask(server, .post, "devices/one/retire", ifMatch: fresh).status == 409)
    }

    @Test func pagesHaveBounds() throws {
        let server = try ServerProcess()
        for query in ["limit=0", "limit=1001", "limit=-1", "limit=x", "limit=", "limit=1e2"] {
            for path in ["devices", "rollouts", "cohorts", "releases", "events"] {
                #expect(
                    try ask(server, .get, "\(path)?\(query)").status == 400, "\(path)?\(query)")
            }
        }
        #expect(try ask(server, .get, "devices?after=%00").status == 400)
        #expect(try ask(server, .get, "devices?hardware=%27%20OR%201").status == 400)
        #expect(try ask(server, .get, "devices?lifecycle=dead").status == 400)
        #expect(try ask(server, .get, "rollouts?state=dead").status == 400)
        #expect(try ask(server, .get, "rollouts?after=nothing").status == 404)
        #expect(try ask(server, .get, "devices?limit=1000").status == 200)
    }
}
