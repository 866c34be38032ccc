import JSON
import Testing

/// A document, what it means, and its canonical form.
struct Accepted: CustomTestStringConvertible, Sendable {
    let text: String
    let value: JSONValue
    let canonical: String

    init(_ text: String, _ value: JSONValue, _ canonical: String) {
        self.text = text
        self.value = value
        self.canonical = canonical
    }

    var testDescription: String { text }
}

func parse(_ text: String) throws -> JSONValue {
    try JSONValue(parsing: Array(text.utf8), limits: .standard(bytes: 1 << 20))
}

@Suite struct AcceptedDocuments {
    static let table: [Accepted] = [
        Accepted("null", .null, "null"),
        Accepted(" true ", true, "true"),
        Accepted("\r\n\tfalse\n", false, "false"),
        Accepted("0", 0, "0"),
        Accepted("-0", 0, "0"),
        Accepted("-1", -1, "-1"),
        Accepted("9223372036854775807", .integer(.max), "9223372036854775807"),
        Accepted("-9223372036854775808", .integer(.min), "-9223372036854775808"),
        Accepted("[]", [], "[]"),
        Accepted("{ }", [:], "{}"),
        Accepted("[ 1 , [ ] ]", [1, []], "[1,[]]"),
        Accepted(#""""#, "", #""""#),
        Accepted(#""\u0041\/\b\f\n\r\t""#, "A/\u{8}\u{c}\n\r\t", "\"A/\u{8}\u{c}\n\r\t\""),
        Accepted(#""\"\\""#, "\"\\", #""\"\\""#),
        Accepted(#""\ud83d\ude00 \uD83D\uDE00""#, "😀 😀", "\"😀 😀\""),
        Accepted(#""\u0000""#, "\u{0}", "\"\u{0}\""),
        Accepted(#""\uffff\u2028""#, "\u{ffff}\u{2028}", "\"\u{ffff}\u{2028}\""),
        Accepted("\"\u{7f}\u{10ffff}\"", "\u{7f}\u{10ffff}", "\"\u{7f}\u{10ffff}\""),
        Accepted(
            #"{"b":1,"a":{"d":[],"c":null}}"#,
            [
                "a": ["c": .null, "d": []], "b": 1,
            ], #"{"a":{"c":null,"d":[]},"b":1}"#),
        Accepted(#"{"":1}"#, ["": 1], #"{"":1}"#),
        // A capital before `_` before a small letter; `a10` before `a2`: bytes, not a locale.
        Accepted(
            #"{"a2":1,"a10":2,"_":3,"B":4}"#,
            [
                "B": 4, "_": 3, "a10": 2, "a2": 1,
            ], #"{"B":4,"_":3,"a10":2,"a2":1}"#),
        // U+FF5E before U+1F600 in UTF-8, after it in UTF-16.
        Accepted(#"{"😀":1,"～":2}"#, ["～": 2, "😀": 1], #"{"～":2,"😀":1}"#),
    ]

    @Test(arguments: table)
    func meanWhatTheySay(document: Accepted) throws {
        #expect(try parse(document.text) == document.value)
    }

    @Test(arguments: table)
    func haveOneCanonicalForm(document: Accepted) throws {
        #expect(
            String(decoding: try parse(document.text).canonicalBytes, as: UTF8.self)
                .unicodeScalars.elementsEqual(document.canonical.unicodeScalars))
    }

    @Test(arguments: table)
    func areReadBackFromEveryLegalForm(document: Accepted) throws {
        let compact = document.value.compactBytes
        #expect(try JSONValue(parsing: compact, limits: .standard(bytes: 4096)) == document.value)
        #expect(try parse(document.value.prettyText) == document.value)
        #expect(compact.allSatisfy { $0 >= 0x20 }, "one line, no control character")
    }

    /// The traps of facts/trust.md B.2: Swift calls both keys equal, so a dictionary keeps one.
    @Test func keepKeysApartThatOnlyLookTheSame() throws {
        let value = try parse(#"{"e\u0301":1,"\u00e9":2}"#)
        guard case .object(let object) = value else {
            Issue.record("not an object")
            return
        }
        #expect(object.count == 2)
        #expect(object["e\u{301}"] == 1)
        #expect(object["\u{e9}"] == 2)
        #expect(JSONString("e\u{301}") != JSONString("\u{e9}"))
        #expect(value.canonicalBytes == Array("{\"e\u{301}\":1,\"\u{e9}\":2}".utf8))
    }

    @Test func sortLookalikeKeysTheSameWayInWhateverOrderTheyCome() throws {
        let one = try parse(#"{"e\u0301":1,"\u00e9":2}"#)
        let other = try parse(#"{"\u00e9":2,"e\u0301":1}"#)
        #expect(one == other)
        #expect(one.canonicalBytes == other.canonicalBytes)
    }

    @Test func areNotNormalised() throws {
        #expect(try parse(#""\u212b""#).canonicalBytes == [0x22, 0xe2, 0x84, 0xab, 0x22])
    }

    @Test func keepNumbersAndBooleansApart() throws {
        #expect(try parse("1") != parse("true"))
        #expect(try parse("0") != parse("null"))
        #expect(try parse("1") != parse(#""1""#))
    }

    @Test func areIndentedForPeople() throws {
        let value = try parse(#"{"b":[1,{}],"a":{"c":[]}}"#)
        #expect(
            value.prettyText == """
                {
                  "a": {
                    "c": []
                  },
                  "b": [
                    1,
                    {}
                  ]
                }
                """)
    }
}
