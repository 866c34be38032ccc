/// Bytes in the place of metadata that no reader may take for metadata, and that must stop none.
struct HostileDocument: Sendable {
    let name: String
    /// What becomes of the honest document.
    let spoil: @Sendable ([UInt8]) -> [UInt8]

    init(_ name: String, _ spoil: @escaping @Sendable ([UInt8]) -> [UInt8]) {
        self.name = name
        self.spoil = spoil
    }

    init(_ name: String, bytes: [UInt8]) { self.init(name) { _ in bytes } }
    init(_ text: String) { self.init(text.debugDescription, bytes: Array(text.utf8)) }

    /// One more member of what is signed, written like this.
    static func member(_ member: String) -> HostileDocument { .member(Array(member.utf8)) }

    static func member(_ member: [UInt8]) -> HostileDocument {
        HostileDocument("a member \(String(decoding: member.prefix(80), as: UTF8.self))") {
            honest in
            let start = Array("\"signed\":{".utf8)
            guard let range = honest.firstRange(of: start) else { return [] }
            return honest[..<range.upperBound] + member + [0x2c] + honest[range.upperBound...]
        }
    }
}

extension HostileDocument {
    static let all = texts + bytes + bombs + framings + members

    private static let texts = [
        "", " ", "\r\n", "null", "true", "false", "0", "-1", "1e400", "\"\"", "\"root\"", "[]",
        "{}", "[[]]", "[{}]", "{{}}", "{", "}", "[", "]", "\"", "{]", "[}", "{\"", "{\"a", "{\"a\"",
        "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "[,]", "[1,]", "{a:1}", "{'a':1}",
        "{1:1}", "{null:1}", "{\"a\" 1}", "{\"a\"::1}", "NaN", "Infinity", "undefined", "tru",
        "nul",
        "// x\n{}", "/* x */{}", "# x\n{}", "{}{}", "{} {}", "{},", "{};", "\u{feff}{}",
        "{\"signed\":{}}", "{\"signatures\":[]}", "{\"signed\":{},\"signatures\":{}}",
        "{\"signed\":[],\"signatures\":[]}", "{\"signed\":null,\"signatures\":null}",
        "{\"signed\":{},\"signatures\":[]}", "{\"signed\":\"\",\"signatures\":\"\"}",
        "{\"signed\":{},\"signatures\":[null]}", "{\"signed\":{},\"signatures\":[[]]}",
        "{\"signed\":{},\"signatures\":[{}]}", "{\"signed\":{},\"signatures\":[{\"keyid\":1}]}",
        "{\"signed\":{},\"signatures\":[{\"keyid\":\"\",\"sig\":\"\"}]}",
        "{\"signed\":{},\"signatures\":[{\"keyid\":\"00\",\"sig\":1}]}",
        "{\"Signed\":{},\"Signatures\":[]}", "{\"signed\":{},\"signed\":{},\"signatures\":[]}",
        "<!DOCTYPE html><html><body>It works!</body></html>", "<?xml version=\"1.0\"?><signed/>",
        "--- \nsigned: {}\n", "signed=1&signatures=2", "-----BEGIN PGP SIGNED MESSAGE-----\n",
        "%PDF-1.7", "#!/bin/sh\nreboot\n", "; DROP TABLE roles; --", "${jndi:ldap://127.0.0.1/x}",
        "../../../../etc/passwd", "%s%s%s%n%n%n", "\u{1b}]0;x\u{7}\u{1b}[2J", "\u{202e}{}", "\u{0}",
    ].map { HostileDocument($0) }

    private static let bytes = [
        HostileDocument("one 0xff", bytes: [0xff]),
        HostileDocument("one 0x80", bytes: [0x80]),
        HostileDocument("every byte", bytes: Array(0...255)),
        HostileDocument("a thousand zero bytes", bytes: Array(repeating: 0, count: 1000)),
        HostileDocument("gzip", bytes: Compression.gzip.packing(Array("{}".utf8))),
        HostileDocument("UTF-16, little end first") { [0xff, 0xfe] + $0.flatMap { [$0, 0] } },
        HostileDocument("UTF-16, big end first") { [0xfe, 0xff] + $0.flatMap { [0, $0] } },
        HostileDocument("UTF-32") { $0.flatMap { [$0, 0, 0, 0] } },
        HostileDocument("an overlong slash", bytes: [0x22, 0xc0, 0xaf, 0x22]),
        HostileDocument("a surrogate in UTF-8", bytes: [0x22, 0xed, 0xa0, 0x80, 0x22]),
        HostileDocument("above Unicode", bytes: [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]),
    ]

    private static let bombs = [
        HostileDocument("deep arrays", bytes: Array(repeating: 0x5b, count: 100_000)),
        HostileDocument(
            "deep arrays that are closed",
            bytes: Array(repeating: 0x5b, count: 50_000) + Array(repeating: 0x5d, count: 50_000)),
        HostileDocument(
            "deep objects", bytes: Array(String(repeating: "{\"a\":", count: 100_000).utf8)),
        HostileDocument(
            "deep both", bytes: Array(String(repeating: "[{\"\":", count: 80_000).utf8)),
        HostileDocument(
            "a number of 400 kB", bytes: Array(repeating: 0x39, count: 400_000)),
        HostileDocument(
            "a string of 400 kB", bytes: [0x22] + Array(repeating: 0x61, count: 400_000)),
        HostileDocument(
            "backslashes of 400 kB", bytes: [0x22] + Array(repeating: 0x5c, count: 400_000)),
        HostileDocument("zeros of 400 kB", bytes: Array("[\(list("0"))]".utf8)),
        HostileDocument("empty arrays of 400 kB", bytes: Array("[\(list("[]"))]".utf8)),
        HostileDocument("empty objects of 400 kB", bytes: Array("[\(list("{}"))]".utf8)),
        HostileDocument(
            "members of 400 kB",
            bytes: Array("{\((0..<40_000).map { "\"\($0)\":0" }.joined(separator: ","))}".utf8)),
        HostileDocument(
            "the same member 60 thousand times", bytes: Array("{\(list("\"a\":0"))}".utf8)),
        HostileDocument("signatures without end") { honest in
            let one = #"{"keyid":"00","sig":"00"}"#
            let many = Array(repeating: one, count: 10_000).joined(separator: ",")
            return Array("{\"signatures\":[\(many)],".utf8) + honest.dropFirst()
        },
    ]

    private static func list(_ element: String) -> String {
        Array(repeating: element, count: 400_000 / (element.utf8.count + 1)).joined(separator: ",")
    }

    /// The honest document, and something that does not belong there.
    static let framings = [
        HostileDocument("a byte order mark") { [0xef, 0xbb, 0xbf] + $0 },
        HostileDocument("a zero byte before") { [0] + $0 },
        HostileDocument("a zero byte behind") { $0 + [0] },
        HostileDocument("a form feed behind") { $0 + [0x0c] },
        HostileDocument("a no-break space behind") { $0 + [0xc2, 0xa0] },
        HostileDocument("a brace too many") { $0 + [0x7d] },
        HostileDocument("itself behind") { $0 + $0 },
        HostileDocument("itself in an array") { [0x5b] + $0 + [0x5d] },
        HostileDocument("the first byte missing") { Array($0.dropFirst()) },
        HostileDocument("the last byte missing") { Array($0.dropLast()) },
        HostileDocument("half of it") { Array($0.prefix($0.count / 2)) },
        HostileDocument("all bits turned") { $0.map { ~$0 } },
        HostileDocument("backwards") { $0.reversed() },
        HostileDocument("one digit of the signature") {
            replacing("\"sig\":\"", with: "\"sig\":\"0", in: $0)
        },
        HostileDocument("no hexadecimal signature") {
            replacing("\"sig\":\"", with: "\"sig\":\"zz", in: $0)
        },
        HostileDocument("a capital type") {
            replacing("\"_type\":\"", with: "\"_type\":\"R", in: $0)
        },
        HostileDocument("the signed part twice") { honest in
            replacing("\"signed\":{", with: "\"signed\":{},\"signed\":{", in: honest)
        },
        HostileDocument("the signatures twice") { honest in
            replacing("{\"signatures\":", with: "{\"signatures\":[],\"signatures\":", in: honest)
        },
        HostileDocument("the version twice") { honest in
            replacing("\"version\":2", with: "\"version\":2,\"version\":2", in: honest)
        },
        HostileDocument("the version twice, once escaped") { honest in
            replacing("\"version\":2", with: #""version":2,"v\u0065rsion":2"#, in: honest)
        },
    ]

    private static func replacing(_ text: String, with other: String, in bytes: [UInt8]) -> [UInt8]
    {
        Array(
            String(decoding: bytes, as: UTF8.self).replacing(text, with: other, maxReplacements: 1)
                .utf8)
    }

    private static let members =
        [
            #""x":1.0"#, #""x":1.5"#, #""x":1e0"#, #""x":1E400"#, #""x":-0.0"#, #""x":1e-400"#,
            #""x":9223372036854775808"#, #""x":-9223372036854775809"#, #""x":18446744073709551616"#,
            #""x":01"#, #""x":+1"#, #""x":.5"#, #""x":5."#, #""x":0x10"#, #""x":--1"#, #""x":NaN"#,
            #""x":Infinity"#, #""x":True"#, #""x":None"#, #""x":"#, #""x""#, #"x:1"#, #""x":'a'"#,
            #""x":"\ud800""#, #""x":"\udc00""#, #""x":"\udc00\ud800""#, #""x":"\ud800\ud800""#,
            #""\ud800":1"#, #""x":"\x41""#, #""x":"\u00g1""#, #""x":"\""#, #""x":"\u12""#,
            "\"x\":\"\u{0}\"", "\"x\":\"\n\"", "\"x\":\"\u{1f}\"", #""x":1,"x":2"#,
            #""x":{"a":1,"a":1}"#, #""\u0078":1,"x":1"#, "\"x\":1,", "/* x */", "\"x\":1//\n",
        ].map { member($0) }
        + [
            Array("\"x\":\"".utf8) + [0x80, 0x22], Array("\"x\":\"".utf8) + [0xc3, 0x22],
            Array("\"x\":\"".utf8) + [0xed, 0xa0, 0x80, 0x22],
            Array("\"x\":\"".utf8) + [0xff, 0x22],
            Array("\"x\":\"".utf8) + [0xc0, 0x80, 0x22],
            Array("\"x\":".utf8) + Array(repeating: 0x5b, count: 70)
                + Array(repeating: 0x5d, count: 70),
        ].map { member($0) }
}
