import Model
import Testing

@Suite struct AttributesTests {
    @Test func holdsWhatItWasGiven() throws {
        let attributes = try Attributes(["site": "berlin", "a1_": "", "carrier": "Ö 1"])
        #expect(attributes["site"] == "berlin")
        #expect(attributes["a1_"] == "")
        #expect(attributes["none"] == nil)
        #expect(attributes.values.count == 3)
        #expect(Attributes.none.values.isEmpty)
    }

    @Test(arguments: ["a", "site", "board_revision", "x9", String(repeating: "a", count: 64)])
    func takesTheName(name: String) throws {
        #expect(try Attributes([name: "x"])[name] == "x")
    }

    @Test(arguments: [
        "", "A", "_a", "1a", "a-b", "a.b", "a b", "é", "aé", "a\u{0}",
        String(repeating: "a", count: 65),
    ])
    func refusesTheName(name: String) {
        #expect(throws: Attributes.Invalid.name(name)) { try Attributes([name: "x"]) }
    }

    @Test(arguments: [
        "\n", "a\tb", "\u{0}", "\u{1b}[2J", "\u{7f}", "\u{80}", "\u{9b}2J", "\u{9f}",
        String(repeating: "x", count: 257), String(repeating: "é", count: 129),
    ])
    func refusesTheValue(value: String) {
        #expect(throws: Attributes.Invalid.value(of: "site")) { try Attributes(["site": value]) }
    }

    @Test(arguments: [
        "", " ", "~", "\u{a0}", "£", "À", "ü", "日本", String(repeating: "x", count: 256),
    ])
    func takesTheValue(value: String) throws {
        #expect(try Attributes(["site": value])["site"] == value)
    }

    @Test func holdsNoMoreThanItsLimit() throws {
        func many(_ count: Int) -> [String: String] {
            Dictionary(uniqueKeysWithValues: (0..<count).map { ("a\($0)", "") })
        }
        #expect(try Attributes(many(256)).values.count == 256)
        #expect(throws: Attributes.Invalid.tooMany(257)) { try Attributes(many(257)) }
    }

    @Test(
        arguments: [
            (nil, []), ("", []), ("lab", ["lab"]), ("lab,beta", ["lab", "beta"]),
            (",lab,,", ["lab"]),
            ("lab, beta", ["lab", " beta"]),
        ] as [(String?, Set<String>)])
    func readsTags(text: String?, tags: Set<String>) throws {
        #expect(try Attributes(text.map { ["tags": $0] } ?? [:]).tags == tags)
    }

    /// Databases compare bytes: what they tell apart is apart here, too.
    @Test func twoSpellingsOfOneTextAreTwoValues() throws {
        let composed = try Attributes(["site": "Z\u{fc}rich"])
        let decomposed = try Attributes(["site": "Zu\u{308}rich"])
        #expect(composed != decomposed)
        #expect(composed == (try Attributes(["site": "Z\u{fc}rich"])))
        #expect(composed != (try Attributes(["site": "Z\u{fc}rich", "x": ""])))
    }
}
