import Curl
import TestSupport
import Testing

func client(wallTimeoutSeconds: Int = 60, stallTimeoutSeconds: Int = 30) throws -> HTTPClient {
    try HTTPClient(
        options: HTTPOptions(
            connectTimeoutSeconds: 10, stallTimeoutSeconds: stallTimeoutSeconds,
            wallTimeoutSeconds: wallTimeoutSeconds, maximumReceiveBytesPerSecond: nil,
            userAgent: "slipway-tests"))
}

func get(_ url: String) -> HTTPRequest { HTTPRequest(method: .get, url: url) }

/// The kind of an error, for expectations that do not care about libcurl's words.
enum Kind: String {
    case badURL, unreachable, network, timedOut, certificate, tooLong, library

    init(_ error: HTTPError) {
        self =
            switch error {
            case .badURL: .badURL
            case .unreachable: .unreachable
            case .network: .network
            case .timedOut: .timedOut
            case .certificate: .certificate
            case .tooLong: .tooLong
            case .library: .library
            }
    }
}

func expectError(
    _ kind: Kind, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    let error = #expect(throws: HTTPError.self, sourceLocation: sourceLocation) { try body() }
    #expect(error.map(Kind.init) == kind, sourceLocation: sourceLocation)
}

@Suite struct SendTests {
    @Test func returnsStatusHeadersAndBody() throws {
        let server = try LoopbackServer { _ in
            .ok(Array("hello".utf8), "X-One:  first \r\nx-one: second\r\nX-Empty:\r\n")
        }
        let response = try client().send(get(server.url), bodyLimitBytes: 100)
        #expect(response.status == 200)
        #expect(response.body == Array("hello".utf8))
        #expect(response.header("x-ONE") == "first")
        #expect(response.header("x-empty") == "")
        #expect(response.header("x-two") == nil)
    }

    @Test(arguments: HTTPMethod.allCases)
    func sendsWhatItWasGiven(method: HTTPMethod) throws {
        let server = try LoopbackServer { request in
            request.method == "HEAD"
                ? .text("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n") : .ok([])
        }
        let body: [UInt8] = method == .get || method == .head ? [] : [0, 255, 10, 13]
        let response = try client().send(
            HTTPRequest(
                method: method, url: server.url + "/a%2Fb?c=d",
                headers: [("X-Token", "t"), ("X-Empty", "")], body: body),
            bodyLimitBytes: 0)
        #expect(response.status == 200)
        let request = try #require(server.requests.first)
        #expect(request.method == method.rawValue)
        #expect(request.target == "/a%2Fb?c=d")
        #expect(request.body == body)
        #expect(request.header("x-token") == "t")
        #expect(request.header("x-empty") == "")
        #expect(request.header("user-agent") == "slipway-tests")
        #expect(request.header("accept-encoding") == "identity")
        #expect(request.header("expect") == nil)
        #expect(request.header("content-type") == nil)
    }

    @Test func sendsTheContentTypeOfItsCaller() throws {
        let server = try LoopbackServer { _ in .ok([]) }
        _ = try client().send(
            HTTPRequest(
                method: .post, url: server.url, headers: [("content-type", "application/json")]),
            bodyLimitBytes: 0)
        #expect(server.requests.first?.header("content-type") == "application/json")
        #expect(server.requests.first?.header("content-length") == "0")
    }

    @Test func sendsALargeBodyWithoutAskingFirst() throws {
        let server = try LoopbackServer { .ok("\($0.body.count)".utf8) }
        let response = try client().send(
            HTTPRequest(
                method: .put, url: server.url, body: Array(repeating: 7, count: 3_000_000)),
            bodyLimitBytes: 10)
        #expect(response.body == Array("3000000".utf8))
        #expect(server.requests.first?.header("expect") == nil)
    }

    @Test(arguments: [
        "400 Bad Request", "404 Not Found", "500 Oops", "503 Later", "204 No Content",
    ])
    func returnsAnswersOfEveryStatus(status: String) throws {
        let body = status.hasPrefix("204") ? [] : Array("why".utf8)
        let server = try LoopbackServer { _ in .status(status, body) }
        let response = try client().send(get(server.url), bodyLimitBytes: 3)
        #expect(response.status == Int(status.prefix(3)))
        #expect(response.body == body)
    }

    @Test func doesNotDecompress() throws {
        let server = try LoopbackServer { _ in .ok([1, 2, 3], "Content-Encoding: gzip\r\n") }
        #expect(try client().send(get(server.url), bodyLimitBytes: 3).body == [1, 2, 3])
    }

    @Test func keepsItsConnection() throws {
        let server = try LoopbackServer { _ in .ok([1]) }
        let client = try client()
        for _ in 0..<5 { _ = try client.send(get(server.url), bodyLimitBytes: 1) }
        _ = try client.download(url: server.url, headers: [], from: 0, maximumBytes: 1) { _ in true
        }
        #expect(server.requests.count == 6)
        #expect(server.connectionCount == 1)
    }

    @Test func forgetsOneRequestBeforeTheNext() throws {
        let server = try LoopbackServer { _ in .ok([]) }
        let client = try client()
        _ = try client.send(
            HTTPRequest(
                method: .delete, url: server.url, headers: [("X-Token", "t")], body: [1, 2]),
            bodyLimitBytes: 0)
        _ = try client.send(HTTPRequest(method: .head, url: server.url), bodyLimitBytes: 0)
        expectError(.badURL) { _ = try client.send(get("nonsense"), bodyLimitBytes: 0) }
        _ = try client.send(get(server.url), bodyLimitBytes: 0)
        let last = try #require(server.requests.last)
        #expect(server.requests.map(\.method) == ["DELETE", "HEAD", "GET"])
        #expect(last.header("x-token") == nil)
        #expect(last.body.isEmpty)
    }
}

// MARK: - Bounds

@Suite struct SendBoundTests {
    static let head = "HTTP/1.1 200 OK\r\n"

    @Test func acceptsABodyOfExactlyTheLimit() throws {
        let server = try LoopbackServer { _ in .ok([1, 2, 3]) }
        #expect(try client().send(get(server.url), bodyLimitBytes: 3).body.count == 3)
    }

    @Test func refusesABodyOneByteLonger() throws {
        let server = try LoopbackServer { _ in .ok([1, 2, 3]) }
        #expect(throws: HTTPError.tooLong(limitBytes: 2)) {
            try client().send(get(server.url), bodyLimitBytes: 2)
        }
    }

    @Test(arguments: ["\r\n", "Content-Length: 9223372036854775807\r\n\r\n"])
    func endsABodyWithoutEnd(headers: String) throws {
        let server = try LoopbackServer { _ in
            .endless(Array((Self.head + headers).utf8), repeating: Array(repeating: 0, count: 9999))
        }
        #expect(throws: HTTPError.tooLong(limitBytes: 100_000)) {
            try client().send(get(server.url), bodyLimitBytes: 100_000)
        }
    }

    @Test func endsAChunkedBodyWithoutEnd() throws {
        let server = try LoopbackServer { _ in
            .endless(
                Array((Self.head + "Transfer-Encoding: chunked\r\n\r\n").utf8),
                repeating: Array("8\r\nabcdefgh\r\n".utf8))
        }
        #expect(throws: HTTPError.tooLong(limitBytes: 1000)) {
            try client().send(get(server.url), bodyLimitBytes: 1000)
        }
    }

    @Test(arguments: ["X-More: 1\r\n", "HTTP/1.1 100 Continue\r\n\r\n"])
    func endsHeadersWithoutEnd(line: String) throws {
        let server = try LoopbackServer { _ in
            .endless(Array(Self.head.utf8), repeating: Array(line.utf8))
        }
        let error = #expect(throws: HTTPError.self) {
            try client().send(get(server.url), bodyLimitBytes: 1000)
        }
        let kind = error.map(Kind.init)
        #expect(kind == .tooLong || kind == .network)
    }

    @Test func waitsNoLongerThanTheWall() throws {
        let server = try LoopbackServer { _ in .bytesThenSilence([]) }
        expectError(.timedOut) {
            _ = try client(wallTimeoutSeconds: 1).send(get(server.url), bodyLimitBytes: 10)
        }
    }

    @Test func worksAgainAfterAFailure() throws {
        let server = try LoopbackServer { $0.target == "/long" ? .ok([1, 2, 3]) : .ok([1]) }
        let client = try client()
        expectError(.tooLong) { _ = try client.send(get(server.url + "/long"), bodyLimitBytes: 1) }
        #expect(try client.send(get(server.url + "/short"), bodyLimitBytes: 1).body == [1])
    }
}

// MARK: - Failures

@Suite struct SendFailureTests {
    @Test func saysThatNobodyListens() throws {
        let port = try LoopbackServer.deadPort()
        expectError(.unreachable) {
            _ = try client().send(get("http://127.0.0.1:\(port)"), bodyLimitBytes: 1)
        }
    }

    @Test(arguments: [
        "", "x", "127.0.0.1", "example.com/a", "file:///etc/passwd", "ftp://127.0.0.1/",
        "gopher://127.0.0.1/", "http", "http:", "http://", "http://a b/",
        "http://127.0.0.1/\r\nX: y",
        "http://127.0.0.1/\0", "http://127.0.0.1:99999/", " http://127.0.0.1/", "https:///",
    ])
    func asksOnlyProperAddresses(url: String) throws {
        expectError(.badURL) { _ = try client().send(get(url), bodyLimitBytes: 1) }
        expectError(.badURL) {
            _ = try client().download(url: url, headers: [], from: 0, maximumBytes: 1) { _ in true }
        }
    }

    @Test(arguments: [
        ("X-Token", "a\r\nX-Evil: 1"), ("X-Token", "a\nb"), ("X-Token", "\0"), ("X: Y", "a"),
        ("X\r\nY", "a"), ("", "a"), ("Ä", "a"), ("X Y", "a"),
    ])
    func sendsNoHeaderThatWouldBeginAnother(name: String, value: String) throws {
        let server = try LoopbackServer { _ in .ok([]) }
        expectError(.library) {
            _ = try client().send(
                HTTPRequest(method: .get, url: server.url, headers: [(name, value)]),
                bodyLimitBytes: 1)
        }
        #expect(server.requests.isEmpty)
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "not HTTP at all", "\0\0\0\0\0\0\0\0",
    ])
    func takesABrokenAnswerForNone(answer: String) throws {
        let server = try LoopbackServer { _ in .bytesThenCut(Array(answer.utf8)) }
        expectError(.network) { _ = try client().send(get(server.url), bodyLimitBytes: 100) }
    }

    @Test func speaksNoPlainTextWhereEncryptionWasAskedFor() throws {
        let listener = try LoopbackServer { _ in .ok([1]) }
        let url = listener.url.replacing("http:", with: "https:")
        let error = #expect(throws: HTTPError.self) {
            try client(wallTimeoutSeconds: 1).send(get(url), bodyLimitBytes: 1)
        }
        #expect(error != nil && listener.requests.isEmpty)
    }
}

// MARK: - Redirects

@Suite struct RedirectTests {
    /// Redirects `/N` to `/N-1`, and answers `/0`.
    private func chain() throws -> LoopbackServer {
        try LoopbackServer { request in
            guard let number = Int(request.target.dropFirst()), number > 0 else { return .ok([42]) }
            return .status("302 Found", [9, 9], "Location: /\(number - 1)\r\n")
        }
    }

    @Test func areFollowedFiveTimes() throws {
        let server = try chain()
        let response = try client().send(get(server.url + "/5"), bodyLimitBytes: 1)
        #expect(response.status == 200)
        #expect(response.body == [42])
        expectError(.network) {
            _ = try client().send(get(server.url + "/6"), bodyLimitBytes: 1)
        }
    }

    @Test func areFollowedByDownloadsWithTheirRange() throws {
        let server = try LoopbackServer { request in
            request.target == "/a"
                ? .status("307 Elsewhere", [], "Location: /b\r\nContent-Range: bytes 0-1/9\r\n")
                : .status("206 Partial", [3, 4], "Content-Range: bytes 2-3/4\r\n")
        }
        var received: [UInt8] = []
        let end = try client().download(
            url: server.url + "/a", headers: [], from: 2, maximumBytes: 9
        ) {
            received += $0
            return true
        }
        #expect(end == .complete(bytes: 2))
        #expect(received == [3, 4])
        #expect(server.requests.map { $0.header("range") } == ["bytes=2-", "bytes=2-"])
    }

    @Test(arguments: [HTTPMethod.post, .put, .delete, .head])
    func areNotFollowedByOtherMethods(method: HTTPMethod) throws {
        let server = try LoopbackServer { _ in
            .text("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /x\r\n\r\n")
        }
        let response = try client().send(
            HTTPRequest(method: method, url: server.url), bodyLimitBytes: 0)
        #expect(response.status == 302)
        #expect(server.requests.count == 1)
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"])
    func leadToNoOtherProtocol(location: String) throws {
        let server = try LoopbackServer { _ in
            .status("302 Found", [], "Location: \(location)\r\n")
        }
        expectError(.network) { _ = try client().send(get(server.url), bodyLimitBytes: 10_000) }
    }
}
