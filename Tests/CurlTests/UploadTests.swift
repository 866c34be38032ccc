import Curl
import TestSupport
import Testing

@Suite struct UploadTests {
    @Test(arguments: [HTTPMethod.put, .post])
    func streamsABodyThatNobodyHolds(method: HTTPMethod) throws {
        let server = try LoopbackServer { .status("201 Created", "\($0.body.count)".utf8) }
        let length = 3_000_001
        var sent = 0
        let response = try client().upload(
            url: server.url, method: method, headers: [("X-Token", "t")], length: Int64(length),
            bodyLimitBytes: 10
        ) { maximum in
            let count = min(maximum, length - sent, 50_000)
            defer { sent += count }
            return (sent..<(sent + count)).map { UInt8(truncatingIfNeeded: $0) }
        }
        #expect(response.status == 201)
        #expect(response.body == Array("3000001".utf8))
        let request = try #require(server.requests.first)
        #expect(request.method == method.rawValue)
        #expect(request.body == (0..<length).map { UInt8(truncatingIfNeeded: $0) })
        #expect(request.header("content-length") == "3000001")
        #expect(request.header("x-token") == "t")
        #expect(request.header("expect") == nil)
        #expect(request.header("transfer-encoding") == nil)
        #expect(request.header("content-type") == nil)
    }

    @Test func sendsAnEmptyBodyWithoutAskingForIt() throws {
        let server = try LoopbackServer { _ in .ok([]) }
        let response = try client().upload(
            url: server.url, method: .put, headers: [], length: 0, bodyLimitBytes: 0
        ) { _ in
            Issue.record("asked for bytes of an empty body")
            return []
        }
        #expect(response.status == 200)
        #expect(server.requests.first?.header("content-length") == "0")
    }

    @Test func isNeverTakenForWholeWhenItsSourceFails() throws {
        let server = try LoopbackServer { _ in .ok([]) }
        var calls = 0
        expectError(.network) {
            _ = try client().upload(
                url: server.url, method: .put, headers: [], length: 1_000_000, bodyLimitBytes: 0
            ) { _ in
                calls += 1
                return calls == 1 ? [1, 2, 3] : []
            }
        }
        #expect(server.requests.isEmpty)
    }

    @Test func readsARefusal() throws {
        let server = try LoopbackServer { _ in .status("413 Too Large", Array("no".utf8)) }
        let response = try client().upload(
            url: server.url, method: .put, headers: [], length: 2, bodyLimitBytes: 2
        ) { _ in [1] }
        #expect(response.status == 413)
        #expect(response.body == Array("no".utf8))
    }

    @Test func boundsTheAnswer() throws {
        let server = try LoopbackServer { _ in .ok([1, 2, 3]) }
        #expect(throws: HTTPError.tooLong(limitBytes: 2)) {
            try client().upload(
                url: server.url, method: .put, headers: [], length: 1, bodyLimitBytes: 2
            ) { _ in [1] }
        }
    }

    @Test func followsNoRedirect() throws {
        let server = try LoopbackServer { _ in .status("307 There", [], "Location: /x\r\n") }
        let response = try client().upload(
            url: server.url, method: .post, headers: [], length: 1, bodyLimitBytes: 0
        ) { _ in [1] }
        #expect(response.status == 307)
        #expect(server.requests.count == 1)
    }

    @Test func refusesMoreBytesThanWereAskedFor() async {
        await #expect(processExitsWith: .failure) {
            let server = try LoopbackServer { _ in .ok([]) }
            _ = try client().upload(
                url: server.url, method: .put, headers: [], length: 2, bodyLimitBytes: 0
            ) { _ in [1, 2, 3] }
        }
    }
}
