import Rollouts
import Testing

@Suite struct SelectorPatternTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let pattern: String
        let value: String
        let matches: Bool

        init(_ pattern: String, _ value: String, _ matches: Bool) {
            self.pattern = pattern
            self.value = value
            self.matches = matches
        }

        var testDescription: String { "\(value) like \(pattern) is \(matches)" }
    }

    static let table: [Row] = [
        Row("", "", true), Row("", "a", false), Row("*", "", true), Row("**", "abc", true),
        Row("?", "", false), Row("?", "a", true), Row("?", "ab", false), Row("??", "a", false),
        Row("abc", "abc", true), Row("abc", "abcd", false), Row("bc", "abc", false),
        Row("ABC", "abc", false), Row("[a-c].+", "b.+", false), Row("[a-c].+", "[a-c].+", true),
        Row("a*", "a", true), Row("*a", "ba", true), Row("*a", "ab", false), Row("a*?", "a", false),
        Row("*a?", "aab", true), Row("*ab", "aaab", true), Row("a*b*c", "abbcbc", true),
        Row("a*b*c", "abbcbcd", false), Row("*aab*", "aaaab", true), Row("*a*a*", "a", false),
        // A scalar is one `?` however many bytes it has, and an accent is a scalar of its own.
        Row("caf?", "caf\u{e9}", true), Row("caf?", "cafe\u{301}", false),
        Row("caf??", "cafe\u{301}", true), Row("caf??", "caf\u{e9}", false),
        Row("*??", "\u{1f600}", false), Row("*?", "\u{1f600}", true),
        Row("?*?", "\u{1f600}", false), Row("*\u{e9}", "caf\u{e9}", true),
        Row("caf\u{e9}", "cafe\u{301}", false), Row("*\u{e9}?", "\u{e9}\u{e9}", true),
    ]

    @Test(arguments: table)
    func comparesTheWholeValue(row: Row) throws {
        let holder = try device(attributes: ["x": row.value])
        #expect(
            try Selector("x like \"\(row.pattern)\"").matches(holder, in: .plain) == row.matches)
        #expect(
            try Selector("x not like \"\(row.pattern)\"").matches(holder, in: .plain)
                != row.matches)
    }

    @Test(arguments: Array(0..<UInt64(100)))
    func agreesWithTheDefinition(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<50 {
            let pattern = Self.text(of: ["a", "b", "\u{e9}", "*", "*", "?"], using: &random)
            let value = Self.text(of: ["a", "b", "\u{e9}"], using: &random)
            let selector = try Selector("x like \"\(String(pattern))\"")
            let holder = try device(attributes: ["x": String(value)])
            #expect(
                selector.matches(holder, in: .plain) == Self.fits(pattern[...], value[...]),
                "\(String(value)) like \(String(pattern))")
        }
    }

    private static func text(
        of alphabet: [Character], using random: inout SplitMix64
    ) -> [Character] {
        (0..<Int.random(in: 0...8, using: &random)).map { _ in
            alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
        }
    }

    /// What `like` means, without regard to time.
    private static func fits(_ pattern: ArraySlice<Character>, _ value: ArraySlice<Character>)
        -> Bool
    {
        switch (pattern.first, value.first) {
        case (nil, nil): true
        case ("*", nil): fits(pattern.dropFirst(), value)
        case ("*", _?): fits(pattern.dropFirst(), value) || fits(pattern, value.dropFirst())
        case ("?", _?): fits(pattern.dropFirst(), value.dropFirst())
        case (let one?, let other?):
            one == other && fits(pattern.dropFirst(), value.dropFirst())
        case (nil, _?), (_?, nil): false
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aPatternOfManyStarsDoesNotTakeForEver() throws {
        let holder = try device(attributes: ["x": String(repeating: "a", count: 256)])
        let pattern = String(repeating: "*a", count: 100) + "*b"
        #expect(try !Selector("x like \"\(pattern)\"").matches(holder, in: .plain))
    }
}
