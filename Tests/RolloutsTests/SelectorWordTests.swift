import Rollouts
import Testing

@Suite struct SelectorWordTests {
    static let mentions: [(String, [String: Int])] = [
        ("all", [:]), (#"tag("lab") and last_seen() < "7d" or hash_percent(10)"#, [:]),
        (#"site == "x" or site != "y""#, ["site": 1]),
        (
            #"hardware == "a" and not (version < "2" or has(carrier))"#,
            ["hardware": 1, "version": 26, "carrier": 47]
        ),
        (#"version(boot) < "2" and version(version) < "3""#, ["boot": 9, "version": 33]),
        ("site == \"\u{1f600}\" and has(id)", ["site": 1, "id": 21]),
        (#"x in ["site"] and z like "has(y)""#, ["x": 1, "z": 19]),
    ]

    @Test(arguments: mentions)
    func namesEachWordAndItsFirstColumn(text: String, columns: [String: Int]) throws {
        let selector = try Selector(text)
        #expect(selector.columns == columns)
        #expect(selector.words == Set(columns.keys))
    }

    /// The fleet's attributes are `country`, `site`, `carrier` and `carrie`.
    static let unknown: [(word: String, nearest: String?)] = [
        ("contry", "country"), ("county", "country"), ("coutnry", "country"),
        ("xountry", "country"),
        ("contryy", "country"), ("ountr", "country"), ("untr", nil), ("countryabc", nil),
        ("carriers", "carrier"), ("carri", "carrie"), ("carrixr", "carrier"),
        ("carrix", "carrie"), ("harware", "hardware"), ("versoin", "version"), ("board", nil),
        ("sight", nil), ("sit", "site"), ("se", nil), ("ix", "id"), ("os", nil), ("x", nil),
    ]

    @Test(arguments: unknown)
    func suggestsTheNearestWordAtMostTwoEditsAway(word: String, nearest: String?) throws {
        let words = try Selector("all or has(\(word))")
            .unknownWords(besides: ["country", "site", "carrier", "carrie"])
        #expect(words.map(\.name) == [word])
        #expect(words.map(\.column) == [12])
        #expect(words.map(\.nearest) == [nearest])
    }

    @Test func ofSeveralNearestWordsTheFirstByTheAlphabetIsSuggested() throws {
        for attributes: Set in [["site_b", "site_a", "site_c"], ["site_c", "site_a", "site_b"]] {
            let words = try Selector("has(site_x)").unknownWords(besides: attributes)
            #expect(words.map(\.nearest) == ["site_a"])
        }
    }

    @Test func knownAndBuiltInWordsAreNotReportedAndTheRestIsInOrder() throws {
        let selector = try Selector(
            #"has(zone) and has(site) and has(id) and has(hardware) and has(release)"#
                + #" and has(version) and has(area) and has(zone)"#)
        let words = selector.unknownWords(besides: ["site"])
        #expect(words.map(\.name) == ["zone", "area"])
        #expect(words.map(\.column) == [5, 97])
    }

    @Test func saysWhatIsUnknown() throws {
        let words = try Selector("has(contry) and has(board)").unknownWords(besides: ["country"])
        #expect(
            words.map(\.description) == [
                "no device has an attribute called `contry`; did you mean `country`?",
                "no device has an attribute called `board`",
            ])
    }
}
