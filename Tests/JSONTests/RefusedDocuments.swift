import JSON
import Testing

/// A document that must be refused, where, and why.
struct Refused: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    let offset: Int
    let problem: JSONSyntaxError.Problem

    init(_ name: String, _ text: String, _ offset: Int, _ problem: JSONSyntaxError.Problem) {
        self.init(name, Array(text.utf8), offset, problem)
    }

    init(_ name: String, _ bytes: [UInt8], _ offset: Int, _ problem: JSONSyntaxError.Problem) {
        self.name = name
        self.bytes = bytes
        self.offset = offset
        self.problem = problem
    }

    /// The bytes in quotes, as a string of an otherwise good document.
    static func string(
        _ name: String, _ bytes: [UInt8], _ offset: Int, _ problem: JSONSyntaxError.Problem
    ) -> Refused {
        Refused(name, [0x22] + bytes + [0x22], offset, problem)
    }

    var testDescription: String { name }
}

@Suite struct RefusedDocuments {
    static let structure: [Refused] = [
        Refused("nothing", "", 0, .unexpectedEnd),
        Refused("only white space", " \t\r\n", 4, .unexpectedEnd),
        Refused("a byte order mark", [0xef, 0xbb, 0xbf, 0x7b, 0x7d], 0, .unexpectedByte),
        Refused("UTF-16", [0xff, 0xfe, 0x7b, 0x00], 0, .unexpectedByte),
        Refused("a form feed as space", "\u{c}1", 0, .unexpectedByte),
        Refused("a no-break space as space", "\u{a0}1", 0, .unexpectedByte),
        Refused("a comment", "/* */ 1", 0, .unexpectedByte),
        Refused("a line comment", "// x\n1", 0, .unexpectedByte),
        Refused("a zero byte", [0x00], 0, .unexpectedByte),
        Refused("a zero byte at the end", [0x31, 0x00], 1, .trailingBytes),
        Refused("two values", "1 2", 2, .trailingBytes),
        Refused("two objects", "{}{}", 2, .trailingBytes),
        Refused("a brace too many", "{}}", 2, .trailingBytes),
        Refused("a comma at the end", "1,", 1, .trailingBytes),
        Refused("an open object", "{", 1, .unexpectedEnd),
        Refused("an open array", "[", 1, .unexpectedEnd),
        Refused("an array closed as an object", "[1}", 2, .unexpectedByte),
        Refused("an object closed as an array", "{\"a\":1]", 6, .unexpectedByte),
        Refused("a closing bracket alone", "]", 0, .unexpectedByte),
        Refused("a trailing comma in an array", "[1,]", 3, .unexpectedByte),
        Refused("a leading comma in an array", "[,1]", 1, .unexpectedByte),
        Refused("two commas in an array", "[1,,2]", 3, .unexpectedByte),
        Refused("no comma in an array", "[1 2]", 3, .unexpectedByte),
        Refused("a trailing comma in an object", "{\"a\":1,}", 7, .unexpectedByte),
        Refused("no comma in an object", "{\"a\":1 \"b\":2}", 7, .unexpectedByte),
        Refused("no colon", "{\"a\" 1}", 5, .unexpectedByte),
        Refused("an equals sign for a colon", "{\"a\"=1}", 4, .unexpectedByte),
        Refused("two colons", "{\"a\"::1}", 5, .unexpectedByte),
        Refused("no value", "{\"a\":}", 5, .unexpectedByte),
        Refused("a key without value", "{\"a\"}", 4, .unexpectedByte),
        Refused("a number as a key", "{1:2}", 1, .unexpectedByte),
        Refused("a word as a key", "{a:2}", 1, .unexpectedByte),
        Refused("null as a key", "{null:2}", 1, .unexpectedByte),
        Refused("a key in single quotes", "{'a':2}", 1, .unexpectedByte),
        Refused("an object that ends after a comma", "{\"a\":1,", 7, .unexpectedEnd),
        Refused("an object that ends after a colon", "{\"a\":", 5, .unexpectedEnd),
    ]

    static let members: [Refused] = [
        Refused("two members", "{\"a\":1,\"a\":2}", 13, .duplicateMember("a")),
        Refused("two members apart", "{\"b\":1,\"a\":1,\"b\":1}", 19, .duplicateMember("b")),
        Refused(
            "two members, one escaped", #"{"a":1,"\u0061":2}"#, 18, .duplicateMember("a")),
        Refused("two members deep inside", "[[{\"\":1,\"\":1}]]", 13, .duplicateMember("")),
        Refused(
            "two signed parts", "{\"signed\":{},\"signed\":{\"a\":1}}", 30,
            .duplicateMember("signed")),
    ]

    static let words: [Refused] = [
        Refused("True", "True", 0, .unexpectedByte),
        Refused("NaN", "NaN", 0, .unexpectedByte),
        Refused("Infinity", "Infinity", 0, .unexpectedByte),
        Refused("minus Infinity", "-Infinity", 1, .unexpectedByte),
        Refused("undefined", "undefined", 0, .unexpectedByte),
        Refused("half a true", "tru", 3, .unexpectedEnd),
        Refused("a misspelt false", "[falsy]", 5, .unexpectedByte),
        Refused("a misspelt null", "nul1", 3, .unexpectedByte),
        Refused("a word that goes on", "nulls", 4, .trailingBytes),
    ]

    static let numbers: [Refused] = [
        Refused("a minus alone", "-", 1, .unexpectedEnd),
        Refused("a minus before a bracket", "[-]", 2, .unexpectedByte),
        Refused("two minus signs", "--1", 1, .unexpectedByte),
        Refused("a plus sign", "+1", 0, .unexpectedByte),
        Refused("a leading zero", "01", 1, .unexpectedByte),
        Refused("two zeros", "00", 1, .unexpectedByte),
        Refused("a negative leading zero", "-01", 2, .unexpectedByte),
        Refused("a fraction", "1.5", 0, .notAnInteger),
        Refused("a fraction of zero", "[1.0]", 1, .notAnInteger),
        Refused("an exponent", "1e0", 0, .notAnInteger),
        Refused("a large exponent", "1E400", 0, .notAnInteger),
        Refused("minus zero with a fraction", "-0.0", 0, .notAnInteger),
        Refused("a fraction without a number", ".5", 0, .unexpectedByte),
        Refused("a fraction without digits", "1.", 0, .notAnInteger),
        Refused("hexadecimal", "0x10", 1, .trailingBytes),
        Refused("underscores", "1_000", 1, .trailingBytes),
        Refused("one more than the largest", "9223372036854775808", 0, .integerOutOfRange),
        Refused("one less than the least", "-9223372036854775809", 0, .integerOutOfRange),
        Refused("2 to the 64", "18446744073709551616", 0, .integerOutOfRange),
        Refused(
            "a thousand digits", String(repeating: "9", count: 1000), 0, .integerOutOfRange),
        Refused("full-width digits", "\u{ff11}", 0, .unexpectedByte),
    ]

    static let strings: [Refused] = [
        Refused("an open string", "\"abc", 4, .unexpectedEnd),
        Refused("a string in single quotes", "'a'", 0, .unexpectedByte),
        Refused("a string that ends in a backslash", "\"\\", 1, .unexpectedEnd),
        Refused("a string that ends after \\u", "\"\\u", 3, .unexpectedEnd),
        Refused("a string that ends in an escape", "\"\\u00", 5, .unexpectedEnd),
        .string("a raw line feed", [0x61, 0x0a], 2, .controlCharacter),
        .string("a raw tab", [0x09], 1, .controlCharacter),
        .string("a raw zero byte", [0x00], 1, .controlCharacter),
        .string("the last control character", [0x1f], 1, .controlCharacter),
        Refused("an unknown escape", #""\x41""#, 1, .invalidEscape),
        Refused("an escaped quote of the other kind", #""\'""#, 1, .invalidEscape),
        Refused("an escaped capital U", #""\U0041""#, 1, .invalidEscape),
        Refused("three digits", #""\u041""#, 1, .invalidEscape),
        Refused("no hexadecimal digit", #""\u00g1""#, 1, .invalidEscape),
        Refused("a sign among the digits", #""\u+041""#, 1, .invalidEscape),
        Refused("a lone high surrogate", #""\ud800""#, 1, .invalidEscape),
        Refused("a lone low surrogate", #""\udc00""#, 1, .invalidEscape),
        Refused("two high surrogates", #""\ud800\ud800""#, 1, .invalidEscape),
        Refused("surrogates in the wrong order", #""\udc00\ud800""#, 1, .invalidEscape),
        Refused("a high surrogate and a letter", #""\ud800a""#, 1, .invalidEscape),
        Refused("a high surrogate and an escape", #""\ud800\n""#, 1, .invalidEscape),
        Refused("a surrogate in a key", #"{"\udfff":1}"#, 2, .invalidEscape),
    ]

    /// Table 3-7 of the Unicode Standard, each rule broken once.
    static let encodings: [Refused] = [
        .string("a lone continuation byte", [0x80], 1, .invalidUTF8),
        .string("an overlong slash of two bytes", [0xc0, 0xaf], 1, .invalidUTF8),
        .string("an overlong letter", [0xc1, 0x81], 1, .invalidUTF8),
        .string("an overlong slash of three bytes", [0xe0, 0x80, 0xaf], 1, .invalidUTF8),
        .string("the last overlong of three bytes", [0xe0, 0x9f, 0xbf], 1, .invalidUTF8),
        .string("an overlong of four bytes", [0xf0, 0x8f, 0xbf, 0xbf], 1, .invalidUTF8),
        .string("a high surrogate in UTF-8", [0xed, 0xa0, 0x80], 1, .invalidUTF8),
        .string("a low surrogate in UTF-8", [0xed, 0xbf, 0xbf], 1, .invalidUTF8),
        .string("above U+10FFFF", [0xf4, 0x90, 0x80, 0x80], 1, .invalidUTF8),
        .string("a lead byte above F4", [0xf5, 0x80, 0x80, 0x80], 1, .invalidUTF8),
        .string("FE", [0xfe], 1, .invalidUTF8),
        .string("FF", [0xff], 1, .invalidUTF8),
        .string("a sequence cut by a quote", [0xe2, 0x82], 1, .invalidUTF8),
        .string("a sequence cut by a letter", [0xf0, 0x9f, 0x61, 0x61], 1, .invalidUTF8),
        .string("a sequence without its last byte", [0xf0, 0x9f, 0x98, 0x61], 1, .invalidUTF8),
        Refused("a sequence cut by the end", [0x22, 0xc3], 1, .invalidUTF8),
        .string("a second bad character", [0xc3, 0xa9, 0xc3], 3, .invalidUTF8),
    ]

    static let all = structure + members + words + numbers + strings + encodings

    @Test(arguments: all)
    func areRefusedWhereTheyGoWrong(document: Refused) {
        #expect(throws: JSONSyntaxError(offset: document.offset, problem: document.problem)) {
            try JSONValue(parsing: document.bytes, limits: .standard(bytes: 4096))
        }
    }

    @Test func areMany() { #expect(Self.all.count >= 100) }
}
