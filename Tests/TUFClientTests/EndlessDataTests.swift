import TestSupport
import Testing

/// What never ends is cut off where the metadata above, or our own limit, says.
@Suite struct EndlessDataTests {
    /// An answer without an end, or one that is longer than it may be.
    struct Shape: Sendable {
        let name: String
        let answer: @Sendable ([UInt8]) -> Reply

        init(_ name: String, _ answer: @escaping @Sendable ([UInt8]) -> Reply) {
            self.name = name
            self.answer = answer
        }
    }

    private static let spaces = [UInt8](repeating: 0x20, count: 65_536)
    private static let chunk = Array("10000\r\n".utf8) + spaces + Array("\r\n".utf8)

    private static func head(_ headers: String) -> [UInt8] {
        Array("HTTP/1.1 200 OK\r\n\(headers)\r\n".utf8)
    }

    static let shapes: [Shape] = [
        Shape("spaces until the connection ends") { _ in .endless(head(""), repeating: spaces) },
        Shape("the honest file, then spaces") { .endless(head("") + $0, repeating: spaces) },
        Shape("endless chunks") { _ in
            .endless(head("Transfer-Encoding: chunked\r\n"), repeating: chunk)
        },
        Shape("the honest file in a chunk, then endless chunks") { honest in
            let size = String(honest.count, radix: 16)
            return .endless(
                head("Transfer-Encoding: chunked\r\n") + Array("\(size)\r\n".utf8) + honest
                    + Array("\r\n".utf8), repeating: chunk)
        },
        Shape("a length of a terabyte") { _ in
            .endless(head("Content-Length: 1099511627776\r\n"), repeating: spaces)
        },
        Shape("the largest length there is") { honest in
            .endless(head("Content-Length: 9223372036854775807\r\n") + honest, repeating: spaces)
        },
        Shape("a length under chunks") { honest in
            let length = "Content-Length: \(honest.count)\r\n"
            return .endless(head("\(length)Transfer-Encoding: chunked\r\n"), repeating: chunk)
        },
        Shape("a partial file") { honest in
            let range = "Content-Range: bytes 0-\(honest.count - 1)/\(honest.count)\r\n"
            return .endless(head(range) + honest, repeating: spaces)
        },
    ]

    @Test(arguments: Position.allCases, Repository.Listing.allCases)
    func isCutOff(position: Position, listing: Repository.Listing) throws {
        try Attack(at: position, listing: listing).expectRefusals(
            of: Self.shapes.map {
                .init(name: $0.name, answer: $0.answer, words: ["endless-data attack"])
            })
    }

    /// Lies about the length that are noticed as something else.
    static let lies: [Shape] = [
        Shape("half a length before the honest file") { honest in
            .endless(
                head("Content-Length: \(honest.count / 2)\r\n") + honest, repeating: spaces)
        },
        Shape("no length at all before endless data") { _ in
            .endless(head("Content-Length: 0\r\n"), repeating: spaces)
        },
        Shape("a length beyond every number") { honest in
            .endless(
                head("Content-Length: 99999999999999999999999\r\n"), repeating: spaces)
        },
        Shape("a negative length") { honest in
            .endless(head("Content-Length: -1\r\n"), repeating: spaces)
        },
        Shape("two lengths, of which the second lies") { honest in
            .endless(
                head("Content-Length: \(honest.count)\r\nContent-Length: 5\r\n") + honest,
                repeating: spaces)
        },
        Shape("a chunk beyond every number") { _ in
            .endless(
                head("Transfer-Encoding: chunked\r\n") + Array("fffffffffffffffff\r\n".utf8),
                repeating: spaces)
        },
        Shape("a negative chunk") { _ in
            .endless(
                head("Transfer-Encoding: chunked\r\n") + Array("-5\r\n".utf8), repeating: spaces)
        },
        Shape("the digits of a chunk's size without end") { _ in
            .endless(
                head("Transfer-Encoding: chunked\r\n"),
                repeating: [UInt8](repeating: 0x30, count: 65_536))
        },
        Shape("headers without end") { _ in
            .endless(
                Array("HTTP/1.1 200 OK\r\n".utf8),
                repeating: Array(String(repeating: "X-Padding: 0123456789\r\n", count: 100).utf8))
        },
        Shape("one header without end") { _ in
            .endless(
                Array("HTTP/1.1 200 OK\r\nX-Padding: ".utf8),
                repeating: [UInt8](repeating: 0x61, count: 65_536))
        },
        Shape("a status line without end") { _ in
            .endless(Array("HTTP/1.1 200 ".utf8), repeating: [UInt8](repeating: 0x61, count: 4096))
        },
        Shape("interim answers without end") { _ in
            .endless([], repeating: Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        },
        Shape("early hints without end") { _ in
            .endless([], repeating: Array("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n".utf8))
        },
        Shape("trailers without end") { honest in
            let chunk = "\(String(honest.count, radix: 16))\r\n"
            return .endless(
                head("Transfer-Encoding: chunked\r\n") + Array(chunk.utf8) + honest
                    + Array("\r\n0\r\n".utf8), repeating: Array("X-Padding: 0123456789\r\n".utf8))
        },
        Shape("a status without success, without end") { _ in
            .endless(Array("HTTP/1.1 500 Oops\r\n\r\n".utf8), repeating: spaces)
        },
        Shape("a redirect whose body does not end") { _ in
            .endless(
                Array("HTTP/1.1 302 Found\r\nLocation: \r\n\r\n".utf8), repeating: spaces)
        },
    ]

    @Test(arguments: Position.allCases)
    func isNoWayAroundTheFraming(position: Position) throws {
        try Attack(at: position).expectRefusals(
            of: Self.lies.map { .init(name: $0.name, answer: $0.answer) })
    }

    /// An extension of a chunk is no data, so only that nothing comes can be noticed.
    @Test(arguments: [Position.timestamp, .target])
    func mayNotHideInAChunksExtension(position: Position) throws {
        var attack = try Attack(at: position)
        attack.options = ["--timeout", "1"]
        try attack.expectRefusal(["slow-retrieval attack"]) { _ in
            .endless(
                Self.head("Transfer-Encoding: chunked\r\n") + Array("5;".utf8),
                repeating: [UInt8](repeating: 0x61, count: 65_536))
        }
    }

    @Test func isNoticedByOneByte() throws {
        for position in [Position.snapshot, .targets, .delegated, .target] {
            try Attack(at: position).expectRefusal(["endless-data attack"]) { .ok($0 + [0x20]) }
        }
    }
}
