import Rollouts
import Testing

@Suite struct SelectorErrorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let column: Int
        let expected: String
        let found: String

        init(_ text: String, _ column: Int, _ expected: String, _ found: String) {
            self.text = text
            self.column = column
            self.expected = expected
            self.found = found
        }

        var testDescription: String { String(text.prefix(40)) }
    }

    static let operand =
        "an attribute name, not, has, tag, version, last_seen, hash_percent, cohort, all or ("
    static let word = "an attribute name, id, hardware, release or version"
    static let function =
        "one of the functions has, tag, version, last_seen, hash_percent, cohort"
    static let comparison = "==, !=, <, <=, >, >=, in, not in, like or not like"
    static let versionComparison = "==, !=, <, <=, >, >=, in or not in"
    static let version = #"a version in double quotes, such as "2.10""#
    static let order = "<, <=, > or >="
    static let duration =
        #"a duration in double quotes, such as "90s", "30m", "24h" or "7d", at most 366d"#
    static let percentage = "a percentage such as 2.5%, more than 0% and at most 100%"
    static let text = "a text in double quotes"
    static let tag = "one tag in double quotes, without a comma"
    static let start = "a word, a number, a text in double quotes or an operator"

    static let table: [Row] = [
        Row("", 1, operand, "the end"),
        Row("   ", 4, operand, "the end"),
        Row(#"site"#, 5, comparison, "the end"),
        Row(#"site "berlin""#, 6, comparison, #""berlin""#),
        Row(#"site =="#, 8, text, "the end"),
        Row(#"site == berlin"#, 9, text, "berlin"),
        Row(#"site = "berlin""#, 6, start, #""=""#),
        Row(#"site ! "berlin""#, 6, start, #""!""#),
        Row(#"site == "berlin" all"#, 18, "and, or, or the end", "all"),
        Row(#"site == "berlin" and"#, 21, operand, "the end"),
        Row(#"and all"#, 1, operand, "and"),
        Row(#"Site == "berlin""#, 1, operand, "Site"),
        Row(#"2g == "x""#, 1, operand, "2g"),
        Row(#""berlin" == site"#, 1, operand, #""berlin""#),
        Row(#"site == "berlin"#, 16, "\" at the end of the text", "the end"),
        Row("site == \"ber\nlin\"", 13, "\" at the end of the text", "\"?\""),
        Row(#"site == "a\n""#, 12, #"" or \ after \"#, #""n""#),
        Row(#"site == "a\"#, 12, #"" or \ after \"#, "the end"),
        Row(#"(all"#, 5, "and, or, or )", "the end"),
        Row(#"all)"#, 4, "and, or, or the end", ")"),
        Row(#"()"#, 2, operand, ")"),
        Row(#"site in "a""#, 9, "[", #""a""#),
        Row(#"site in []"#, 10, text, "]"),
        Row(#"site in ["a""#, 13, ", or ]", "the end"),
        Row(#"site in ["a",]"#, 14, text, "]"),
        Row(#"site not ["a"]"#, 10, "in or like", "["),
        Row(#"has site"#, 5, "(", "site"),
        Row(#"has("site")"#, 5, word, #""site""#),
        Row(#"has(and)"#, 5, word, "and"),
        Row(#"has(site"#, 9, ")", "the end"),
        Row(#"tag(lab)"#, 5, tag, "lab"),
        Row(#"tag("a,b")"#, 5, tag, #""a,b""#),
        Row(#"tag("")"#, 5, tag, #""""#),
        Row(#"tag == "x""#, 5, "(", "=="),
        Row(#"not"#, 4, operand, "the end"),
        Row("site == \"K\u{f6}ln\" ; all", 16, start, "\";\""),
        Row("si\u{e9}te == \"x\"", 3, start, "\"\u{e9}\""),
        Row(
            String(repeating: "(", count: 33) + "all", 33, "at most 32 levels of ( and not", "("),
        Row(
            String(repeating: "not ", count: 33) + "all", 129, "at most 32 levels of ( and not",
            "not"),
        Row(
            "a in [" + String(repeating: "\"\",", count: 1000) + "\"\"]", 3007,
            "at most 1000 texts in a list", "\"\""),
        Row(String(repeating: " ", count: 4094) + "all", 1, "at most 4096 bytes", "4097"),
    ]

    static let functions: [Row] = [
        // An unknown function is named where it starts.
        Row(#"hash(site)"#, 1, function, "hash"),
        Row(#"all and hsa (site)"#, 9, function, "hsa"),
        Row(#"hardware("gw-2")"#, 1, function, "hardware"),
        Row(#"Has(site)"#, 1, operand, "Has"),
        // A reserved word is a function even without its parentheses.
        Row(#"last_seen < "7d""#, 11, "(", "<"),
        Row(#"hash_percent <= "10""#, 14, "(", "<="),
        Row(#"has(last_seen)"#, 5, word, "last_seen"),
        Row(#"has(like)"#, 5, word, "like"),
        Row(#"like == "x""#, 1, operand, "like"),
        Row(#"site like x"#, 11, text, "x"),
        Row(#"site like ["x"]"#, 11, text, "["),
        Row(#"site not == "x""#, 10, "in or like", "=="),
        Row(#"version("site") == "1""#, 9, word, #""site""#),
        Row(#"version() == "1""#, 9, word, ")"),
        Row(#"version(site"#, 13, ")", "the end"),
        Row(#"version(site)"#, 14, versionComparison, "the end"),
        Row(#"version(site) like "2.*""#, 15, versionComparison, "like"),
        Row(#"version(site) not like "2.*""#, 19, "in", "like"),
        Row(#"version(site) >= 2.10"#, 18, version, "2.10"),
        Row(#"version(site) >= "new""#, 18, version, #""new""#),
        Row(#"version(site) == """#, 18, version, #""""#),
        Row(#"version(site) != "2..1""#, 18, version, #""2..1""#),
        Row(#"version(site) in ["1", "b", "c"]"#, 24, version, #""b""#),
        Row(#"version(site) in "1""#, 18, "[", #""1""#),
        Row(#"last_seen(site) < "7d""#, 11, ")", "site"),
        Row(#"last_seen() == "7d""#, 13, order, "=="),
        Row(#"last_seen() not in ["7d"]"#, 13, order, "not"),
        Row(#"last_seen() < 7d"#, 15, duration, "7d"),
        Row(#"last_seen() < "7""#, 15, duration, #""7""#),
        Row(#"last_seen() < "367d""#, 15, duration, #""367d""#),
        Row(#"hash_percent()"#, 14, percentage, ")"),
        Row(#"hash_percent(site)"#, 14, percentage, "site"),
        Row(#"hash_percent(0)"#, 14, percentage, "0"),
        Row(#"hash_percent(100.1)"#, 14, percentage, "100.1"),
        Row(#"hash_percent("5 %")"#, 14, percentage, #""5 %""#),
        Row(#"hash_percent(5%%)"#, 14, percentage, "5%%"),
        Row(#"hash_percent(-5)"#, 14, start, #""-""#),
        Row(#"hash_percent(10"#, 16, ")", "the end"),
        Row(#"hash_percent(10) < "5""#, 18, "and, or, or the end", "<"),
        Row(#"2.5% == "x""#, 1, operand, "2.5%"),
        Row(#"site == 5"#, 9, text, "5"),
        Row("site == \"\u{f6}\" and version(x) < \"\u{f6}\"", 30, version, "\"\u{f6}\""),
        Row(
            "version(a) in [" + String(repeating: "\"1\",", count: 1000) + "\"1\"]", 4016,
            "at most 1000 texts in a list", "\"1\""),
    ]

    @Test(arguments: table + functions)
    func namesColumnExpectationAndFinding(row: Row) {
        #expect(
            throws: SelectorError(column: row.column, expected: row.expected, found: row.found)
        ) { try Selector(row.text) }
    }

    @Test func saysItInOneLine() {
        let error = SelectorError(column: 9, expected: Self.text, found: "berlin")
        #expect("\(error)" == "column 9: expected a text in double quotes, found berlin")
    }

    @Test(arguments: Array(0..<UInt64(200)))
    func mutilatedSelectorsAreRefusedOrReadButNeverTrap(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var bytes = Array(
            #"""
            hardware == "gw-2" and (country not in ["DE", "F\"R"] or not tag("lab")) and \#
            version(x) >= "2.1" and last_seen() < "7d" and hash_percent(2.5%) or y like "a*?"
            """#.utf8)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes.remove(at: index)
            case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
            default: bytes.swapAt(index, Int.random(in: 0..<bytes.count, using: &random))
            }
        }
        do throws(SelectorError) {
            let selector = try Selector(String(decoding: bytes, as: UTF8.self))
            #expect(try selector == Selector(selector.text))
        } catch {
            #expect((1...bytes.count + 1).contains(error.column))
        }
    }
}
