import TestSupport
import Testing

/// A server that keeps a client waiting is given up after `--timeout` (slow retrieval).
@Suite struct StalledServerTests {
    enum Stall: CaseIterable, Sendable {
        case neverAnswers, stopsInTheHead, stopsAfterTheHead, stopsInTheBody, drips

        func reply(_ honest: [UInt8]) -> Reply {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: \(honest.count)\r\n\r\n"
            return switch self {
            case .neverAnswers: .bytesThenSilence([])
            case .stopsInTheHead: .bytesThenSilence(Array(head.utf8.dropLast(9)))
            case .stopsAfterTheHead: .bytesThenSilence(Array(head.utf8))
            case .stopsInTheBody: .bytesThenSilence(Array(head.utf8) + honest.dropLast())
            case .drips:
                .bytesThenDrip(Array(head.utf8), drops: [0x20], everyMilliseconds: 1000)
            }
        }
    }

    @Test(arguments: Position.allCases)
    func isGivenUpWhereverItStalls(position: Position) throws {
        try isGivenUp(position: position, stall: .stopsInTheBody)
    }

    @Test(arguments: [Position.timestamp, .target], Stall.allCases)
    func isGivenUp(position: Position, stall: Stall) throws {
        var attack = try Attack(at: position)
        attack.options = ["--timeout", "1"]
        let start = ContinuousClock.now
        try attack.expectRefusal(["slow-retrieval attack"], stall.reply)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    /// Fast enough to be no stall; but metadata is small, so the whole of it has a time, too.
    @Test func isGivenUpWhenMetadataTricklesFasterThanAStall() throws {
        var attack = try Attack(at: .targets, listing: .nothing)
        attack.options = ["--timeout", "1"]
        try attack.expectRefusal(["slow-retrieval attack"]) { _ in
            .bytesThenDrip(
                Array("HTTP/1.1 200 OK\r\n\r\n".utf8),
                drops: [UInt8](repeating: 0x20, count: 1000), everyMilliseconds: 100)
        }
    }

    @Test func isGivenUpInTheHeaders() throws {
        var attack = try Attack(at: .timestamp)
        attack.options = ["--timeout", "1"]
        try attack.expectRefusal(["slow-retrieval attack"]) { _ in
            .bytesThenDrip(
                Array("HTTP/1.1 200 OK\r\n".utf8), drops: Array("X-Padding: 1\r\n".utf8),
                everyMilliseconds: 200)
        }
    }

    @Test(arguments: ["0", "-1", "", "x", "1.5", "3601", "9999999999999999999999", "+ 1"])
    func takesNoOtherPatience(seconds: String) throws {
        let home = try Home(knowing: .version(1))
        let end = try home.download("own.img", from: "http://127.0.0.1:1", ["--timeout", seconds])
        #expect(end.code == 1)
        #expect(end.notes.hasPrefix("usage: "))
        #expect(try Array(Home.entries(of: home.metadata).keys) == ["root.json"])
    }
}
