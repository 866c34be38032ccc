import Model
import Rollouts
import Testing

/// Selectors that name saved ones.
@Suite struct SelectorCohortTests {
    /// Cohorts that were saved one after another, each version with its text.
    struct Saved: Sendable {
        var texts: [String: [String]] = [:]

        var source: CohortSource {
            .saved { reference in
                guard let versions = texts[reference.name.text] else {
                    return .unknownName(known: texts.keys.compactMap { CohortName($0) })
                }
                guard let newest = CohortVersion(name: reference.name, number: versions.count)
                else { preconditionFailure("a saved cohort has a version") }
                let version = reference.version ?? newest
                guard version.number <= versions.count else {
                    return .unknownVersion(newest: newest)
                }
                return .found(version, text: versions[version.number - 1])
            }
        }

        /// Saves what `text` comes to now.
        mutating func save(_ name: String, _ text: String) throws {
            let selector = try Selector(text, cohorts: source)
            texts[name, default: []].append(selector.expandedText)
        }
    }

    static func cities() throws -> Saved {
        var saved = Saved()
        try saved.save("berlin", #"site == "berlin""#)
        try saved.save("berlin", #"site == "berlin" or site == "potsdam""#)
        try saved.save("germany", #"cohort("berlin@1") or country == "DE""#)
        return saved
    }

    static let expansions: [(text: String, expanded: String, versions: [String])] = [
        (#"all"#, #"all"#, []),
        (#"cohort("berlin@1")"#, #"(site == "berlin")"#, ["berlin@1"]),
        (
            #"cohort("berlin")"#, #"(site == "berlin" or site == "potsdam")"#, ["berlin@2"]
        ),
        (
            #"not cohort ( "berlin" )and tag("lab")"#,
            #"not (site == "berlin" or site == "potsdam")and tag("lab")"#, ["berlin@2"]
        ),
        (
            "x == \"\u{1f600}\" or cohort(\"germany\")",
            "x == \"\u{1f600}\" or ((site == \"berlin\") or country == \"DE\")", ["germany@1"]
        ),
        (
            #"cohort("berlin@1") and cohort("berlin@2") and cohort("berlin")"#,
            #"(site == "berlin") and (site == "berlin" or site == "potsdam") and "#
                + #"(site == "berlin" or site == "potsdam")"#, ["berlin@1", "berlin@2"]
        ),
        (#"cohort == "x" or has(cohort)"#, #"cohort == "x" or has(cohort)"#, []),
        (#"x == "cohort(\"berlin\")""#, #"x == "cohort(\"berlin\")""#, []),
    ]

    @Test(arguments: expansions)
    func putsTheSavedTextInThePlaceOfTheName(
        text: String, expanded: String, versions: [String]
    ) throws {
        let selector = try Selector(text, cohorts: Self.cities().source)
        #expect(selector.text == text)
        #expect(selector.expandedText == expanded)
        #expect(selector.cohorts.map(\.description) == versions)
    }

    @Test func picksWhatTheSavedSelectorPicks() throws {
        let source = try Self.cities().source
        for (site, number, isPicked) in [
            ("berlin", 1, true), ("potsdam", 1, false), ("potsdam", 2, true), ("bonn", 2, false),
        ] {
            let selector = try Selector("cohort(\"berlin@\(number)\")", cohorts: source)
            let device = try device(attributes: ["site": site])
            #expect(selector.matches(device, in: .plain) == isPicked, "\(site) \(number)")
            let negated = try Selector("not cohort(\"berlin@\(number)\")", cohorts: source)
            #expect(negated.matches(device, in: .plain) != isPicked, "\(site) \(number)")
        }
    }

    @Test func tellsWordsOfBothAndColumnsOfItsOwnTextOnly() throws {
        let selector = try Selector(
            #"cohort("germany") and has(zone)"#, cohorts: Self.cities().source)
        #expect(selector.words == ["site", "country", "zone"])
        #expect(selector.columns == ["zone": 27])
        #expect(selector.unknownWords(besides: ["area"]).map(\.name) == ["zone"])
        #expect(selector.references.map(\.description) == ["germany"])
    }

    @Test func dependsOnTimeWhenACohortDoes() throws {
        var saved = Saved()
        try saved.save("lost", #"last_seen() > "7d""#)
        #expect(try Selector(#"all and cohort("lost")"#, cohorts: saved.source).dependsOnTime)
    }

    // MARK: What is refused

    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let says: String
        init(_ text: String, _ says: String) {
            self.text = text
            self.says = says
        }
        var testDescription: String { text }
    }

    private static let form = #"a cohort in double quotes, such as "berlin" or "berlin@3""#

    static let table: [Row] = [
        Row(
            #"all and cohort("berln")"#,
            #"column 16: expected one of the saved cohorts, found "berln"; did you mean `berlin`?"#),
        Row(
            #"cohort("berln@2")"#,
            #"column 8: expected one of the saved cohorts, found "berln@2"; "#
                + "did you mean `berlin`?"),
        Row(#"cohort("x")"#, #"column 8: expected one of the saved cohorts, found "x""#),
        Row(
            #"cohort("berlin@3")"#,
            "column 8: expected a saved version, of which berlin@2 is the newest, found "
                + #""berlin@3""#),
        Row(#"cohort()"#, "column 8: expected \(form), found )"),
        Row(#"cohort(berlin)"#, "column 8: expected \(form), found berlin"),
        Row(#"cohort("")"#, #"column 8: expected \#(form), found """#),
        Row(#"cohort("b n")"#, #"column 8: expected \#(form), found "b n""#),
        Row(#"cohort("berlin@")"#, #"column 8: expected \#(form), found "berlin@""#),
        Row(#"cohort("berlin@0")"#, #"column 8: expected \#(form), found "berlin@0""#),
        Row(#"cohort("berlin@-1")"#, #"column 8: expected \#(form), found "berlin@-1""#),
        Row(#"cohort("berlin@+1")"#, #"column 8: expected \#(form), found "berlin@+1""#),
        Row(#"cohort("berlin@01")"#, #"column 8: expected \#(form), found "berlin@01""#),
        Row(#"cohort("berlin@1@1")"#, #"column 8: expected \#(form), found "berlin@1@1""#),
        Row(#"cohort("berlin@1000001")"#, #"column 8: expected \#(form), found "berlin@1000001""#),
        Row(#"cohort("@1")"#, #"column 8: expected \#(form), found "@1""#),
        Row(#"cohort("berlin""#, "column 16: expected ), found the end"),
        Row(#"cohort("berlin") < "2""#, #"column 18: expected and, or, or the end, found <"#),
    ]

    @Test(arguments: table)
    func saysWhatIsWrongWithAReference(row: Row) throws {
        let source = try Self.cities().source
        do throws(SelectorError) {
            _ = try Selector(row.text, cohorts: source)
            Issue.record("it was read")
        } catch { #expect("\(error)" == row.says) }
    }

    @Test func withoutAServerThereAreNoCohorts() throws {
        let says =
            "column 9: expected no cohort, since only the server knows them, "
            + #"found cohort("berlin")"#
        for source in [CohortSource.refused, .expanded] {
            do throws(SelectorError) {
                _ = try Selector(#"all and cohort("berlin")"#, cohorts: source)
                Issue.record("it was read")
            } catch { #expect("\(error)" == says) }
        }
    }

    @Test func anUncheckedReferenceIsReadAndPicksNothing() throws {
        let selector = try Selector(
            #"all and cohort("berlin@3") or cohort("x")"#, cohorts: .unchecked)
        #expect(selector.references.map(\.description) == ["berlin@3", "x"])
        #expect(selector.cohorts.isEmpty)
        #expect(try !selector.matches(device(), in: .plain))
        #expect(throws: SelectorError.self) {
            try Selector(#"cohort("berlin@0")"#, cohorts: .unchecked)
        }
    }

    // MARK: Bounds

    @Test func theDepthOfACohortCountsWhereItIsUsed() throws {
        var saved = Saved()
        try saved.save("deep", String(repeating: "not ", count: 16) + "all")
        let most = String(repeating: "not ", count: 15) + #"cohort("deep")"#
        let selector = try Selector(most, cohorts: saved.source)
        #expect(
            try Selector(selector.expandedText, cohorts: .expanded).expandedText
                == selector.expandedText)
        do throws(SelectorError) {
            _ = try Selector("not \(most)", cohorts: saved.source)
            Issue.record("it was read")
        } catch {
            #expect(
                error
                    == SelectorError(
                        column: 72,
                        expected: "at most 32 levels of ( and not, those of the cohort included",
                        found: #""deep""#))
        }
    }

    /// Each cohort four times as long as the one before it.
    @Test func cohortsDoNotMultiplyWithoutEnd() throws {
        var saved = Saved()
        try saved.save("c0", #"site == "\#(String(repeating: "x", count: 1010))""#)
        for level in 1...2 {
            let before = #"cohort("c\#(level - 1)")"#
            try saved.save(
                "c\(level)", Array(repeating: before, count: 4).joined(separator: " or "))
        }
        let before = #"cohort("c2")"#
        let three = Array(repeating: before, count: 3).joined(separator: " and ")
        let selector = try Selector(three, cohorts: saved.source)
        #expect((48_000...65_536).contains(selector.expandedText.utf8.count))
        #expect(try Selector(selector.expandedText, cohorts: .expanded).words == ["site"])
        do throws(SelectorError) {
            _ = try Selector(three + " and " + before, cohorts: saved.source)
            Issue.record("it was read")
        } catch {
            #expect(error.expected == "at most 65536 bytes with all cohorts")
            #expect(error.column == 59)
        }
    }

    @Test func onlyWhatIsExpandedMayBeLong() throws {
        let long = String(repeating: " ", count: 65_533) + "all"
        #expect(try Selector(long, cohorts: .expanded).expandedText == long)
        #expect(throws: SelectorError.self) { try Selector(" " + long, cohorts: .expanded) }
        for source in [CohortSource.refused, .unchecked, Saved().source] {
            #expect(throws: SelectorError.self) { try Selector(long, cohorts: source) }
        }
    }

    /// What can be read can be read again from its expanded text, and picks the same.
    @Test(arguments: Array(0..<UInt64(100)))
    func theExpandedTextPicksTheSame(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var saved = Saved()
        try saved.save("c", #"site in ["a", "b"]"#)
        var readCount = 0
        for _ in 0..<30 {
            let text = Self.text(depth: Int.random(in: 0...12, using: &random), &random)
            // One that is too deep by now is refused, and that is all that happens.
            guard let selector = try? Selector(text, cohorts: saved.source) else { continue }
            readCount += 1
            let again = try Selector(selector.expandedText, cohorts: .expanded)
            for site in ["a", "b", "c"] {
                for board in ["1", "2"] {
                    let device = try device(attributes: ["site": site, "board": board])
                    #expect(
                        selector.matches(device, in: .plain) == again.matches(device, in: .plain),
                        "\(text)")
                }
            }
            try saved.save("c", text)
        }
        #expect(readCount > 5)
    }

    private static func text(depth: Int, _ random: inout SplitMix64) -> String {
        guard depth > 0 else {
            return [#"site == "a""#, #"board != "1""#, #"cohort("c")"#, #"cohort("c@1")"#, "all"]
                .randomElement(using: &random) ?? "all"
        }
        let left = text(depth: depth - 1, &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return "not \(left)"
        case 1: return "(\(left))"
        case 2: return "\(left) or \(text(depth: 0, &random))"
        default: return "\(text(depth: 0, &random)) and \(left)"
        }
    }

    // MARK: Rollout files

    @Test func aRolloutFileIsExpandedInItsSelectorsOnly() throws {
        let file = RolloutFile.plain.with {
            $0.devices = #"cohort("germany")"#
            $0.waves.append(.init(name: "last", devices: #"not cohort("berlin")"#))
        }
        let source = try Self.cities().source
        let spec = try RolloutSpec(file, cohorts: source)
        let expanded = spec.expanding(file)
        #expect(
            expanded
                == file.with {
                    $0.devices = #"((site == "berlin") or country == "DE")"#
                    $0.waves[2].devices = #"not (site == "berlin" or site == "potsdam")"#
                })
        #expect(spec.cohorts.map(\.description) == ["germany@1", "berlin@2"])
        #expect(spec.cohortReferences.map(\.description) == ["germany", "berlin"])
        #expect(try RolloutSpec(expanded, cohorts: .expanded).waves.count == 3)
        #expect(throws: RolloutFileError.self) { try RolloutSpec(file) }
        #expect(try RolloutSpec(file, cohorts: .unchecked).cohorts.isEmpty)
    }
}
