import Model
import Rollouts
import Testing

@Suite struct SelectorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let matches: Bool

        init(_ text: String, _ matches: Bool) {
            self.text = text
            self.matches = matches
        }

        var testDescription: String { "\(text) is \(matches)" }
    }

    /// The device of every row: see `known`.
    static let table: [Row] = [
        Row(#"all"#, true),
        Row(#"not all"#, false),
        Row(#"id == "gw-0001""#, true),
        Row(#"id != "gw-0001""#, false),
        Row(#"hardware == "gw-2""#, true),
        Row(#"release == "acme-gateway""#, true),
        Row(#"version == "2.4.0""#, true),
        Row(#"version < "2.10""#, true),
        Row(#"version <= "2.4.0""#, true),
        Row(#"version > "2.4.0-rc.1""#, true),
        Row(#"version >= "2.4.1""#, false),
        Row(#"site == "berlin""#, true),
        Row(#"site != "berlin""#, false),
        Row(#"site != "paris""#, true),
        Row(#"site in ["paris", "berlin"]"#, true),
        Row(#"site in ["paris"]"#, false),
        Row(#"site not in ["paris", "rome"]"#, true),
        Row(#"site not in ["berlin"]"#, false),
        Row(#"quote == "a\"b\\c""#, true),
        Row(#"has(site)"#, true),
        Row(#"has(version)"#, true),
        Row(#"tag("lab")"#, true),
        Row(#"tag("la")"#, false),
        Row(#"tag("pilot")"#, true),
        // Whole numbers that are no versions, and neither.
        Row(#"offset < "-1""#, true),
        Row(#"offset > "-6""#, true),
        Row(#"offset < "0""#, true),
        Row(#"site < "zzz""#, false),
        Row(#"site >= "aaa""#, false),
        Row(#"site < "5""#, false),
        Row(#"site like "b*n""#, true),
        Row(#"site not like "b*n""#, false),
        Row(#"site not like "p*""#, true),
        Row(#"version like "2.4.?""#, true),
        Row(#"id like "gw-0???" and hardware like "gw-*""#, true),
        // What parentheses follow is a function; the word alone keeps its meaning.
        Row(#"version(version) >= "2.4" and version == "2.4.0" and has(version)"#, true),
        Row(#"version ( version ) < "2.4""#, false),
        // `and` binds closer than `or`, `not` closest.
        Row(#"all or all and not all"#, true),
        Row(#"(all or all) and not all"#, false),
        Row(#"not all or all"#, true),
        Row(#"not (all or all)"#, false),
        Row(#"not not all"#, true),
        Row("site\t==\r\n\"berlin\"", true),
        Row(#"site=="berlin"and(all)"#, true),
        // What the device does not have makes every comparison false.
        Row(#"country == "DE""#, false),
        Row(#"country != "DE""#, false),
        Row(#"country in ["DE"]"#, false),
        Row(#"country not in ["DE"]"#, false),
        Row(#"country < "5""#, false),
        Row(#"country >= "5""#, false),
        Row(#"country like "*""#, false),
        Row(#"country not like "DE""#, false),
        Row(#"has(country)"#, false),
        Row(#"not has(country)"#, true),
        Row(#"not (country == "DE")"#, true),
    ]

    static func known() throws -> DeviceFacts {
        try device(attributes: [
            "site": "berlin", "tags": "pilot,lab", "quote": #"a"b\c"#, "offset": "-5",
            "cafe": "caf\u{e9}",
        ])
    }

    @Test(arguments: table)
    func picks(row: Row) throws {
        #expect(try Selector(row.text).matches(Self.known(), in: .plain) == row.matches)
    }

    @Test func anUnknownReleaseHasNoVersion() throws {
        let unknown = try device(running: nil)
        #expect(try !Selector(#"version < "9""#).matches(unknown, in: .plain))
        #expect(try !Selector(#"release != "acme-gateway""#).matches(unknown, in: .plain))
        #expect(try Selector("not has(release) and not has(version)").matches(unknown, in: .plain))
    }

    @Test func equalTextsOfOtherBytesAreDifferent() throws {
        let composed = try Selector("cafe == \"caf\u{e9}\"")
        let decomposed = try Selector("cafe == \"cafe\u{301}\"")
        #expect(try composed.matches(Self.known(), in: .plain))
        #expect(try !decomposed.matches(Self.known(), in: .plain))
        #expect(try !Selector("cafe in [\"cafe\u{301}\"]").matches(Self.known(), in: .plain))
        #expect(composed != decomposed)
    }

    @Test func aDeviceWithoutTagsHasNone() throws {
        #expect(try !Selector(#"tag("lab")"#).matches(device(), in: .plain))
        #expect(try Selector(#"not tag("lab")"#).matches(device(), in: .plain))
    }

    @Test func longListsAndDeepNestingAreReadUpToTheirLimits() throws {
        let list = (0..<1000).map { "\"\($0 % 10)\"" }.joined(separator: ",")
        #expect(try !Selector("site in [\(list)]").matches(Self.known(), in: .plain))
        let deep = String(repeating: "(", count: 32) + "all" + String(repeating: ")", count: 32)
        #expect(try Selector(deep).matches(Self.known(), in: .plain))
        let wide = String(repeating: "not all or ", count: 300) + "all"
        #expect(try Selector(wide).matches(Self.known(), in: .plain))
    }
}
