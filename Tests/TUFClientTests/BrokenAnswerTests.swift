import Foundation
import TestSupport
import Testing

/// Answers that are cut off, or are no answer with a file.
@Suite struct BrokenAnswerTests {
    @Test(arguments: Position.allCases)
    func cutAnywhereAreRefused(position: Position) throws {
        let start = "HTTP/1.1 200 OK\r\nContent-Length: "
        let inTheHead = [0, 1, 5, 12, 14, 17, 20, start.utf8.count + 1].map { count in
            Attack.Attempt(name: "\(count) bytes of the head") { honest in
                .bytesThenCut(Array((start + "\(honest.count)\r\n\r\n").utf8.prefix(count)))
            }
        }
        let inTheBody = [0.0, 0.5, 0.99].map { part in
            Attack.Attempt(name: "\(part) of the body") { honest in
                .bytesThenCut(
                    Array("\(start)\(honest.count)\r\n\r\n".utf8)
                        + honest.prefix(Int(Double(honest.count) * part)))
            }
        }
        try Attack(at: position).expectRefusals(of: inTheHead + inTheBody)
    }

    @Test(arguments: Position.allCases)
    func cutInChunksAreRefused(position: Position) throws {
        let head = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        try Attack(at: position).expectRefusal { honest in
            let size = Array("\(String(honest.count, radix: 16))\r\n".utf8)
            return .bytesThenCut(head + size + honest + Array("\r\n".utf8))
        }
        try Attack(at: position).expectRefusal { .bytesThenCut(head + $0) }
    }

    /// Without a length the end of the connection is the end of the file, so only its bytes tell.
    @Test(arguments: Position.allCases)
    func cutWithoutALengthAreRefused(position: Position) throws {
        try Attack(at: position).expectRefusal { honest in
            .bytesThenCut(Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + honest.dropLast())
        }
    }

    static let statuses = [
        "100 Continue", "101 Switching Protocols", "201 Created", "202 Accepted", "203 Other",
        "204 No Content", "205 Reset Content", "226 IM Used", "300 Multiple Choices",
        "301 Moved Permanently", "302 Found", "303 See Other", "304 Not Modified",
        "305 Use Proxy", "307 Temporary Redirect", "308 Permanent Redirect", "400 Bad Request",
        "401 Unauthorized", "403 Forbidden", "407 Proxy Authentication Required", "410 Gone",
        "416 Range Not Satisfiable", "418 I'm a teapot", "429 Too Many Requests",
        "451 Unavailable", "500 Internal Server Error", "502 Bad Gateway",
        "503 Service Unavailable", "599 Unknown", "600 Unheard Of", "999 Nothing", "000 Zero",
        "2000 Too Long", "20 Short", "-200 Negative", "OK", "",
    ]

    /// The honest bytes come along, so that only the status can be the reason.
    @Test(arguments: Position.allCases)
    func ofAnotherStatusAreRefused(position: Position) throws {
        try Attack(at: position).expectRefusals(
            of: Self.statuses.map { status in
                .init(name: status) { honest in
                    let head = "HTTP/1.1 \(status)\r\nContent-Length: \(honest.count)\r\n\r\n"
                    return .bytesThenCut(Array(head.utf8) + honest)
                }
            })
    }

    @Test(arguments: Position.allCases.dropFirst())
    func thatThereIsNothingAreRefused(position: Position) throws {
        let words = position.role == nil ? [] : ["not there (it may be withheld)"]
        try Attack(at: position).expectRefusal(words) { .status("404 Not Found", $0) }
    }

    static let junk: [String] = [
        "", "\r\n\r\n", "{}", "<html><body>Sign in to the hotel's network</body></html>",
        "HTTP/0.9 200 OK\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n", "HTTP/1.1 200", "ICY 200 OK\r\n\r\n", "RTSP/1.0 200 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n", "220 mail.example ESMTP\r\n", "\u{0}\u{1}\u{2}\u{3}",
        "\u{16}\u{3}\u{1}\u{2}\u{0}", "HTTP/2 200\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n: no name\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\u{0}: \u{0}\r\n\r\n",
        "HTTP/1.1 200 OK\r\n folded\r\n\r\n", "\u{feff}HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", "HTTP/1.1 200 \u{1b}[31m\r\n\r\n",
    ]

    @Test(arguments: Position.allCases)
    func thatAreJunkAreRefused(position: Position) throws {
        try Attack(at: position).expectRefusals(
            of: Self.junk.map { junk in
                .init(name: junk.debugDescription) { _ in .bytesThenCut(Array(junk.utf8)) }
            })
    }

    @Test(arguments: Position.allCases)
    func withHugeHeadersAreRefused(position: Position) throws {
        let line = String(repeating: "x", count: 60_000)
        for headers in ["X-A: \(line)\r\nX-B: \(line)\r\n", "Set-Cookie: \(line)\(line)\r\n"] {
            try Attack(at: position).expectRefusal { .ok($0, headers) }
        }
    }

    static let wrongWays = [
        "", "?", "//", "http://", "http://[::g]/", "http://127.0.0.1:99999/", "http://127.0.0.1:1/",
        "file:///etc/passwd", "ftp://127.0.0.1:1/x", "gopher://127.0.0.1:1/x", "data:,x",
        "dict://127.0.0.1:1/x", "javascript:alert(1)", "\u{9b}31m://x", "\u{1b}[31m", "\u{202e}x:y",
        "http://127.0.0.1:1/\u{9b}31m", "http://a\u{0}b/", "http://user:pass@127.0.0.1:1/x",
    ]

    /// But for root: that there is no next one is how its chain ends.
    @Test(arguments: Position.allCases.dropFirst())
    func thatLeadNowhereAreRefused(position: Position) throws {
        try Attack(at: position).expectRefusals(
            of: Self.wrongWays.map { way in
                .init(name: way.debugDescription) {
                    .status("302 Found", $0, "Location: \(way)\r\n")
                }
            })
    }

    @Test(arguments: Position.allCases, ["301 Moved", "302 Found", "307 Again", "308 For Good"])
    func thatLeadInACircleAreRefused(position: Position, status: String) throws {
        let attack = try Attack(at: position)
        let path = position.path(in: attack.repository)
        try attack.expectRefusal { .status(status, $0, "Location: \(path)\r\n") }
    }

    @Test(arguments: Position.allCases)
    func thatLeadToAnotherServersJunkAreRefused(position: Position) throws {
        let other = try LoopbackServer { _ in .ok(Array("<html></html>".utf8)) }
        let url = other.url
        try Attack(at: position).expectRefusal { _ in
            .status("302 Found", [], "Location: \(url)/x\r\n")
        }
        #expect(other.paths == ["/x"])
    }

    /// Who serves a file does not matter, only who signed for it.
    @Test func thatLeadToAnotherServersHonestFileAreFollowed() throws {
        let repository = try Repository.version(2)
        let other = try LoopbackServer(repository)
        let url = other.url
        let server = try LoopbackServer {
            .status("302 Found", [], "Location: \(url)\($0.target)\r\n")
        }
        let home = try Home(trusting: .version(1))
        try home.download(Repository.wanted(2).path, from: server.url).expectSuccess()
        #expect(try home.trusted() == repository.trusted().mapValues { .file($0) })
    }

    @Test func thatNeverComeAreRefused() throws {
        let home = try Home(trusting: .version(1))
        let before = try Home.entries(of: home.metadata)
        for url in ["http://127.0.0.1:1", "", "x", "file://\(home.folder.path)", "http://a b/"] {
            try home.download("own.img", from: url).expectRefusal()
        }
        #expect(try Home.entries(of: home.metadata) == before)
    }
}
