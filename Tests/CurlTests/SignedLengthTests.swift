import Curl
import TestSupport
import Testing

/// Downloads of a file whose length is signed, from those who have another one.
@Suite struct SignedLengthTests {
    private func download(
        from server: LoopbackServer, at offset: Int64, ofLength length: Int64 = 8
    ) throws -> (end: DownloadEnd, bytes: [UInt8]) {
        var received: [UInt8] = []
        let end = try client().download(
            url: server.url + "/a", headers: [], from: offset, ofLength: length
        ) {
            received += $0
            return true
        }
        return (end, received)
    }

    @Test func handsOnTheFileAndItsRest() throws {
        let server = try LoopbackServer { request in
            request.header("range") == nil
                ? .ok(0..<8) : .status("206 Partial", 5..<8, "Content-Range: bytes 5-7/8\r\n")
        }
        let whole = try download(from: server, at: 0)
        #expect(whole.end == .complete(bytes: 8))
        #expect(whole.bytes == Array(0..<8))
        let rest = try download(from: server, at: 5)
        #expect(rest.end == .complete(bytes: 3))
        #expect(rest.bytes == [5, 6, 7])
    }

    @Test(arguments: ["bytes 5-7/*", "Bytes 5-7/8", "bytes 5-6/8"])
    func takesWhatTheStandardAllows(range: String) throws {
        let body: [UInt8] = range.hasPrefix("bytes 5-6") ? [5, 6] : [5, 6, 7]
        let (end, bytes) = try download(
            from: LoopbackServer { _ in
                .status("206 Partial", body, "Content-Range: \(range)\r\n")
            }, at: 5)
        #expect(end == .complete(bytes: Int64(body.count)))
        #expect(bytes == body)
    }

    /// Types are guessed from names; a length that is right says more.
    @Test func takesAnImageForOneWhateverItsType() throws {
        let (end, bytes) = try download(
            from: LoopbackServer { _ in .ok(0..<8, "Content-Type: text/html\r\n") }, at: 0)
        #expect(end == .complete(bytes: 8))
        #expect(bytes == Array(0..<8))
    }

    struct Row: CustomTestStringConvertible {
        let head: String
        let offset: Int64
        let end: DownloadEnd
        var body = "xyz"
        var testDescription: String { "\(offset) \(head)" }
    }

    private static let html = "Content-Type: text/html; charset=utf-8\r\n"
    private static func length(_ found: Int64) -> DownloadEnd {
        .foreign(.length(found: found, expected: 8))
    }

    static let refusals: [Row] = [
        Row(head: "200 OK\r\nContent-Length: 3", offset: 0, end: length(3)),
        Row(head: "200 OK\r\nContent-Length: 3", offset: 5, end: length(3)),
        Row(head: "200 OK\r\nContent-Length: 9", offset: 0, end: length(9), body: "123456789"),
        Row(head: "200 OK\r\nContent-Length: 0", offset: 0, end: length(0), body: ""),
        Row(head: "200 OK\r\n\(html)Content-Length: 3", offset: 0, end: .foreign(.webPage)),
        Row(head: "200 OK\r\n\(html)Connection: close", offset: 0, end: .foreign(.webPage)),
        Row(head: "200 OK\r\n\(html)Connection: close", offset: 5, end: .foreign(.webPage)),
        Row(
            head: "200 OK\r\nContent-Type: Application/XHTML+xml\r\nConnection: close", offset: 0,
            end: .foreign(.webPage)),
        Row(
            head: "200 OK\r\nContent-Length: 8\r\nContent-Length: 3", offset: 0,
            end: .foreign(.contradictsItself)),
        Row(
            head: "200 OK\r\nContent-Length: 8", offset: 5, end: .rangeIgnored, body: "12345678"),
        Row(head: "200 OK\r\nConnection: close", offset: 5, end: .rangeIgnored),
        Row(
            head: "206 P\r\nContent-Range: bytes 5-7/9\r\nContent-Length: 3", offset: 5,
            end: length(9)),
        Row(
            head: "206 P\r\nContent-Range: bytes 0-2/3\r\nContent-Length: 3", offset: 0,
            end: length(3)),
        Row(
            head: "206 P\r\nContent-Range: bytes 4-6/8\r\nContent-Length: 3", offset: 5,
            end: .rangeIgnored),
        Row(
            head: "206 P\r\nContent-Range: bytes 5-6/8\r\nContent-Length: 3", offset: 5,
            end: .foreign(.contradictsItself)),
        Row(
            head: "206 P\r\nContent-Range: bytes 5-8/*\r\nContent-Length: 4", offset: 5,
            end: .foreign(.contradictsItself), body: "1234"),
        Row(
            head: "206 P\r\nContent-Range: bytes 5-7/8\r\nContent-Range: bytes 5-6/8\r\n"
                + "Content-Length: 3", offset: 5, end: .rangeIgnored),
        Row(
            head: "206 P\r\nContent-Range: bytes */8\r\nContent-Length: 3", offset: 5,
            end: .rangeIgnored),
        Row(
            head: "416 No\r\nContent-Range: bytes */3\r\nContent-Length: 3", offset: 5,
            end: length(3)),
        Row(
            head: "416 No\r\nContent-Range: bytes */8\r\nContent-Length: 3", offset: 5,
            end: .rangeNotSatisfiable),
        Row(head: "416 No\r\nContent-Length: 3", offset: 5, end: .rangeNotSatisfiable),
        Row(head: "404 No\r\nContent-Length: 3", offset: 0, end: .notFound),
        Row(head: "511 Log in\r\n\(html)Content-Length: 3", offset: 0, end: .status(511)),
        Row(
            head: "503 Later\r\nRetry-After: 120\r\nContent-Length: 3", offset: 0,
            end: .later(status: 503, seconds: 120)),
        Row(
            head: "429 Slow\r\nRetry-After: 7\r\nContent-Length: 3", offset: 5,
            end: .later(status: 429, seconds: 7)),
        Row(
            head: "503 Later\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                + "Retry-After: Thu, 01 Jan 2026 00:01:40 GMT\r\nContent-Length: 3", offset: 0,
            end: .later(status: 503, seconds: 100)),
        Row(
            head: "503 Later\r\nRetry-After: soon\r\nContent-Length: 3", offset: 0,
            end: .status(503)),
        Row(
            head: "500 Oops\r\nRetry-After: 7\r\nContent-Length: 3", offset: 0,
            end: .later(status: 500, seconds: 7)),
    ]

    @Test(arguments: refusals)
    func handsOnNothingOfAnotherFile(row: Row) throws {
        let server = try LoopbackServer { _ in
            .bytesThenCut(Array("HTTP/1.1 \(row.head)\r\n\r\n\(row.body)".utf8))
        }
        let (end, bytes) = try download(from: server, at: row.offset)
        #expect(end == row.end)
        #expect(bytes.isEmpty)
    }

    // MARK: Login pages behind redirects

    private func redirecting(to reply: Reply) throws -> LoopbackServer {
        try LoopbackServer { request in
            request.target == "/login"
                ? reply : .status("302 Found", [], "Location: /login\r\n")
        }
    }

    @Test(arguments: ["404 Not Found", "403 Forbidden", "416 No", "503 Later", "401 Who"])
    func noStatusBehindARedirectIsTheServersOwn(status: String) throws {
        let portal = try redirecting(to: .status(status, [1]))
        let (end, bytes) = try download(from: portal, at: 0)
        #expect(end == .foreign(.redirected(status: must(Int(status.prefix(3))))))
        #expect(bytes.isEmpty)
    }

    @Test(arguments: [0, 5] as [Int64])
    func noLoginPageIsAnImage(offset: Int64) throws {
        let portal = try redirecting(
            to: .ok("<html>log in</html>".utf8, "Content-Type: text/html\r\n"))
        let (end, bytes) = try download(from: portal, at: offset)
        #expect(end == .foreign(.webPage))
        #expect(bytes.isEmpty)
    }

    /// Stores behind the server send downloads on to where the files are.
    @Test func aRedirectToTheFileIsFollowed() throws {
        let (end, bytes) = try download(from: redirecting(to: .ok(0..<8)), at: 0)
        #expect(end == .complete(bytes: 8))
        #expect(bytes == Array(0..<8))
    }

    // MARK: Bodies that do not tell their length

    static let unboundedHeads = [
        "Connection: close\r\n\r\n%", "Transfer-Encoding: chunked\r\n\r\n%c",
    ]

    private static func answer(_ head: String, _ body: String) -> [UInt8] {
        let chunked = "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
        let text = head.replacing("%c", with: chunked).replacing("%", with: body)
        return Array("HTTP/1.1 200 OK\r\n\(text)".utf8)
    }

    @Test(arguments: unboundedHeads)
    func areTheFileWhenTheyAreAsLong(head: String) throws {
        let (end, bytes) = try download(
            from: LoopbackServer { _ in .bytesThenCut(Self.answer(head, "12345678")) }, at: 0)
        #expect(end == .complete(bytes: 8))
        #expect(bytes == Array("12345678".utf8))
    }

    @Test(arguments: unboundedHeads)
    func areAnotherFileWhenTheyEndTooEarly(head: String) throws {
        let (end, _) = try download(
            from: LoopbackServer { _ in .bytesThenCut(Self.answer(head, "1234567")) }, at: 0)
        #expect(end == .foreign(.length(found: 7, expected: 8)))
    }

    @Test(arguments: unboundedHeads)
    func areNeverHandedOnBeyondTheSignedLength(head: String) throws {
        let body = String(repeating: "x", count: 300_000)
        for length in [8, 65_536, 299_999] as [Int64] {
            var count: Int64 = 0
            let server = try LoopbackServer { _ in .bytesThenCut(Self.answer(head, body)) }
            #expect(throws: HTTPError.tooLong(limitBytes: length)) {
                try client().download(url: server.url, headers: [], from: 0, ofLength: length) {
                    count += Int64($0.count)
                    return true
                }
            }
            #expect(count <= length)
        }
    }

    @Test func aPartIsNeverLongerThanItSays() throws {
        var bytes: [UInt8] = []
        let server = try LoopbackServer { _ in
            let range = "206 P\r\nContent-Range: bytes 5-6/8\r\nTransfer-Encoding: chunked"
            return .bytesThenCut(Array("HTTP/1.1 \(range)\r\n\r\n3\r\nabc\r\n0\r\n\r\n".utf8))
        }
        #expect(throws: HTTPError.tooLong(limitBytes: 2)) {
            try client().download(url: server.url, headers: [], from: 5, ofLength: 8) {
                bytes += $0
                return true
            }
        }
        #expect(bytes.isEmpty)
    }

    @Test func whatIsBehindTheAnnouncedLengthIsNotHandedOn() throws {
        let server = try LoopbackServer { _ in
            .bytesThenCut(Array("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n12345678more".utf8))
        }
        let (end, bytes) = try download(from: server, at: 0)
        #expect(end == .complete(bytes: 8))
        #expect(bytes == Array("12345678".utf8))
    }

    @Test func aBodyThatBreaksOffIsAnErrorOfTheNetwork() throws {
        for head in [
            "Content-Length: 8\r\n\r\n1234", "Transfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n",
        ] {
            let server = try LoopbackServer { _ in
                .bytesThenCut(Array("HTTP/1.1 200 OK\r\n\(head)".utf8))
            }
            expectError(.network) { _ = try download(from: server, at: 0) }
        }
    }

    // MARK: Every way to write a range wrongly

    /// What the standard says, written down once more and differently: one pattern and four sums.
    private static func isOurs(_ header: String, offset: Int64, length: Int64) -> Bool {
        guard let match = header.wholeMatch(of: /(?i:bytes) ([0-9]+)-([0-9]+)\/([0-9]+|\*)/),
            let first = Int64(match.1), let last = Int64(match.2)
        else { return false }
        let total = match.3 == "*" ? length : Int64(match.3)
        return first == offset && first <= last && last < length && total == length
    }

    @Test func everyEditOfARangeIsTakenOrRefusedAsTheStandardSays() throws {
        let alphabet = Array("0123456789-/* +.,bx".utf8)
        let right = Array("bytes 5-7/8".utf8)
        var headers = Set([right])
        for place in right.indices {
            headers.insert(Array(right[..<place] + right[(place + 1)...]))
            for byte in alphabet {
                var changed = right
                changed[place] = byte
                headers.insert(changed)
                headers.insert(Array(right[..<place] + [byte] + right[place...]))
            }
        }
        var taken = 0
        let texts = headers.map { String(decoding: $0, as: UTF8.self) }.sorted()
        let server = try LoopbackServer { request in
            .text(
                "HTTP/1.1 206 P\r\nTransfer-Encoding: chunked\r\nContent-Range: "
                    + "\(request.header("x-answer") ?? "")\r\n\r\n1\r\n5\r\n0\r\n\r\n")
        }
        let client = try client()
        for text in texts {
            var count = 0
            _ = try? client.download(
                url: server.url, headers: [("X-Answer", text)], from: 5, ofLength: 8
            ) {
                count += $0.count
                return true
            }
            // The other side of the wire trims what stands around a header.
            let expected = Self.isOurs(
                text.trimmingPrefix(" ").description, offset: 5, length: 8)
            #expect((count > 0) == expected, "\(text)")
            taken += count
        }
        #expect(texts.count > 400)
        #expect((3...20).contains(taken))
    }
}
