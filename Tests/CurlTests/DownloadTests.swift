import Curl
import TestSupport
import Testing

@Suite struct DownloadTests {
    /// Downloads `/` and tells how it ended and what was handed on.
    private func download(
        from server: LoopbackServer, at offset: Int64 = 0, maximumBytes: Int64 = 1 << 20
    ) throws -> (end: DownloadEnd, bytes: [UInt8]) {
        var received: [UInt8] = []
        let end = try client().download(
            url: server.url, headers: [("X-Token", "t")], from: offset, maximumBytes: maximumBytes
        ) {
            received += $0
            return true
        }
        return (end, received)
    }

    static let image = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }

    /// A server that does ranges as it should.
    private func imageServer() throws -> LoopbackServer {
        try LoopbackServer { request in
            guard let range = request.header("range") else { return .ok(Self.image) }
            guard let start = Int(range.dropFirst(6).dropLast()), start < Self.image.count
            else { return .status("416 Range Not Satisfiable") }
            let last = Self.image.count - 1
            return .status(
                "206 Partial Content", Self.image[start...],
                "Content-Range: bytes \(start)-\(last)/\(Self.image.count)\r\n")
        }
    }

    @Test func handsOnEveryByteInOrder() throws {
        let server = try imageServer()
        let (end, bytes) = try download(from: server)
        #expect(end == .complete(bytes: Int64(Self.image.count)))
        #expect(bytes == Self.image)
        #expect(server.requests.first?.header("range") == nil)
        #expect(server.requests.first?.header("x-token") == "t")
        #expect(server.requests.first?.header("accept-encoding") == "identity")
    }

    @Test func handsOnNothingOfAnEmptyFile() throws {
        let (end, bytes) = try download(from: LoopbackServer { _ in .ok([]) })
        #expect(end == .complete(bytes: 0))
        #expect(bytes.isEmpty)
    }

    @Test(arguments: [1, 1000, 999_999] as [Int64])
    func resumesWhereItWasStopped(offset: Int64) throws {
        let server = try imageServer()
        let (end, bytes) = try download(from: server, at: offset)
        #expect(end == .complete(bytes: Int64(Self.image.count) - offset))
        #expect(bytes == Array(Self.image[Int(offset)...]))
        #expect(server.requests.first?.header("range") == "bytes=\(offset)-")
    }

    @Test func saysThatNothingIsLeft() throws {
        #expect(try download(from: imageServer(), at: 1_000_000).end == .rangeNotSatisfiable)
    }

    @Test func stopsWhenTheReceiverWantsNoMore() throws {
        let server = try imageServer()
        let client = try client()
        var received: Int64 = 0
        let end = try client.download(
            url: server.url, headers: [], from: 0, maximumBytes: 1 << 20
        ) {
            received += Int64($0.count)
            return false
        }
        #expect(end == .stopped)
        #expect((1..<1_000_000).contains(received))
        let rest = try client.download(
            url: server.url, headers: [], from: received, maximumBytes: 1 << 20
        ) { _ in true }
        #expect(rest == .complete(bytes: 1_000_000 - received))
    }

    @Test func takesPartsInAnotherOrder() throws {
        let (end, bytes) = try download(
            from: LoopbackServer { _ in
                .status("206 Partial Content", [1, 2], "content-range:bytes 0-1/9\r\n")
            })
        #expect(end == .complete(bytes: 2))
        #expect(bytes == [1, 2])
    }

    // MARK: What must not be handed on

    static let refusals: [(status: String, headers: String, offset: Int64, end: DownloadEnd)] = [
        ("200 OK", "", 5, .rangeIgnored),
        ("200 OK", "Content-Range: bytes 5-7/8\r\n", 5, .rangeIgnored),
        ("206 Partial", "", 5, .rangeIgnored),
        ("206 Partial", "Content-Range: bytes 0-2/8\r\n", 5, .rangeIgnored),
        ("206 Partial", "Content-Range: bytes 4-6/8\r\n", 5, .rangeIgnored),
        ("206 Partial", "Content-Range: bytes 6-8/9\r\n", 5, .rangeIgnored),
        ("206 Partial", "Content-Range: bytes */8\r\n", 5, .rangeIgnored),
        ("206 Partial", "Content-Range: bytes 5-4/8\r\n", 5, .rangeIgnored),
        ("206 Partial", "Content-Range: bytes 5-8/8\r\n", 5, .rangeIgnored),
        ("206 Partial", "Content-Range: bytes 5-7\r\n", 5, .rangeIgnored),
        ("206 Partial", "Content-Range: bytes +5-7/8\r\n", 5, .rangeIgnored),
        ("206 Partial", "Content-Range: bytes 5-99999999999999999999/8\r\n", 5, .rangeIgnored),
        ("206 Partial", "Content-Range: lines 5-7/8\r\n", 5, .rangeIgnored),
        ("206 Partial", "Content-Range: \r\n", 5, .rangeIgnored),
        (
            "206 Partial", "Content-Range: bytes 0-2/8\r\nContent-Range: bytes 5-7/8\r\n", 5,
            .rangeIgnored
        ),
        ("206 Partial", "", 0, .status(206)),
        ("206 Partial", "Content-Range: bytes 5-7/8\r\n", 0, .status(206)),
        ("404 Not Found", "", 0, .notFound),
        ("404 Not Found", "", 5, .notFound),
        ("416 No", "", 5, .rangeNotSatisfiable),
        ("403 Forbidden", "", 0, .status(403)),
        ("500 Oops", "", 5, .status(500)),
        ("503 Later", "", 0, .status(503)),
        ("201 Created", "", 0, .status(201)),
        ("302 Found", "", 0, .status(302)),
    ]

    @Test(arguments: refusals.indices)
    func handsOnNothingOfAnotherAnswer(index: Int) throws {
        let row = Self.refusals[index]
        for body in [[], [1, 2, 3]] as [[UInt8]] {
            let server = try LoopbackServer { _ in .status(row.status, body, row.headers) }
            let (end, bytes) = try download(from: server, at: row.offset)
            #expect(end == row.end, "\(row.status) \(row.headers) for \(row.offset)")
            #expect(bytes.isEmpty)
        }
    }

    @Test func doesNotReadAnErrorWithoutEnd() throws {
        let (end, bytes) = try download(
            from: LoopbackServer { _ in
                .endless(
                    Array("HTTP/1.1 404 Not Found\r\n\r\n".utf8),
                    repeating: Array(repeating: 0, count: 9999))
            })
        #expect(end == .notFound)
        #expect(bytes.isEmpty)
    }

    @Test func neverHandsOnMoreThanTheMaximum() throws {
        let server = try imageServer()
        #expect(try download(from: server, maximumBytes: 1_000_000).bytes.count == 1_000_000)
        for (offset, maximum) in [(0, 999_999), (0, 1), (0, 0), (10, 999_989)] as [(Int64, Int64)] {
            var received: Int64 = 0
            #expect(throws: HTTPError.tooLong(limitBytes: maximum)) {
                try client().download(
                    url: server.url, headers: [], from: offset, maximumBytes: maximum
                ) {
                    received += Int64($0.count)
                    return true
                }
            }
            #expect(received <= maximum)
        }
    }

    @Test func endsAFileWithoutEnd() throws {
        let server = try LoopbackServer { _ in
            .endless(
                Array("HTTP/1.1 200 OK\r\n\r\n".utf8), repeating: Array(repeating: 0, count: 9999))
        }
        #expect(throws: HTTPError.tooLong(limitBytes: 5_000_000)) {
            try download(from: server, maximumBytes: 5_000_000)
        }
    }

    // MARK: What breaks

    @Test func handsOnWhatCameBeforeTheConnectionWasCut() throws {
        let server = try LoopbackServer { _ in
            .bytesThenCut(Array("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcd".utf8))
        }
        var received: [UInt8] = []
        expectError(.network) {
            _ = try client().download(url: server.url, headers: [], from: 0, maximumBytes: 99) {
                received += $0
                return true
            }
        }
        #expect(received == Array("abcd".utf8))
    }

    @Test func givesUpAServerThatStalls() throws {
        let server = try LoopbackServer { _ in
            .bytesThenSilence(Array("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcd".utf8))
        }
        expectError(.timedOut) {
            _ = try client(stallTimeoutSeconds: 1).download(
                url: server.url, headers: [], from: 0, maximumBytes: 99
            ) { _ in true }
        }
    }

    @Test func mayUseAnotherClientMeanwhile() throws {
        let server = try imageServer()
        let other = try client()
        var sizes: [Int] = []
        let end = try client().download(
            url: server.url, headers: [], from: 0, maximumBytes: 1 << 20
        ) { _ in
            let response = try? other.send(get(server.url), bodyLimitBytes: 1 << 20)
            sizes.append(response?.body.count ?? 0)
            return true
        }
        #expect(end == .complete(bytes: 1_000_000))
        #expect(!sizes.isEmpty && sizes.allSatisfy { $0 == 1_000_000 })
    }

    @Test func mayNotUseItsOwnClientMeanwhile() async {
        await #expect(processExitsWith: .failure) {
            let server = try LoopbackServer { _ in .ok([1]) }
            let client = try client()
            _ = try client.download(url: server.url, headers: [], from: 0, maximumBytes: 1) { _ in
                (try? client.send(get(server.url), bodyLimitBytes: 1)) != nil
            }
        }
    }
}
