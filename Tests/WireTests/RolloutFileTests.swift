import JSON
import Model
import Testing
import Wire

/// The file that people write by hand: what it says wrongly must not be passed over.
@Suite struct RolloutFileTests {
    private func read(_ text: String) throws -> RolloutFile {
        try RolloutFile(parsing: Array(text.utf8), limitBytes: 10_000)
    }

    private static func file(_ more: String, waves: String = "[]") -> String {
        #"{"rollout":"r","release":"a 1","devices":"all","waves":\#(waves)\#(more)}"#
    }

    struct Unknown: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let path: String
        let expected: String

        init(_ sentence: String, _ text: String, at path: String, _ expected: String) {
            testDescription = sentence
            self.text = text
            self.path = path
            self.expected = "no member called \(expected)"
        }
    }

    static let unknown: [Unknown] = [
        Unknown(
            "a mistyped member at the top", file(#","on_faliure":"pause""#), at: "",
            #""on_faliure"; perhaps "on_failure""#),
        Unknown("an unknown member at the top", file(#","colour":"red""#), at: "", #""colour""#),
        Unknown(
            "a member of a later version", file(#","colours":{"max":3}"#), at: "", #""colours""#),
        Unknown(
            "a mistyped member of a wave",
            file("", waves: #"[{"name":"a"},{"name":"b","precent":5}]"#), at: "waves[1]",
            #""precent"; perhaps "percent""#),
        Unknown(
            "a member of the wrong place", file("", waves: #"[{"name":"a","concurrent":5}]"#),
            at: "waves[0]", #""concurrent""#),
        Unknown(
            "a mistyped member of the gate", file(#","gate":{"max_failure_rat":"2%"}"#),
            at: "gate", #""max_failure_rat"; perhaps "max_failure_rate""#),
        Unknown(
            "a mistyped member of an outside check",
            file(#","gate":{"checks":[{"name":"a","promethues":"up"}]}"#), at: "gate.checks[0]",
            #""promethues"; perhaps "prometheus""#),
        Unknown(
            "a mistyped member of the limits", file(#","limits":{"concurent":5}"#), at: "limits",
            #""concurent"; perhaps "concurrent""#),
        Unknown(
            "a limit of a later version", file(#","limits":{"bandwidth":"1 MB/sec"}"#),
            at: "limits", #""bandwidth""#),
    ]

    @Test(arguments: unknown)
    func refuses(row: Unknown) {
        #expect(
            throws: WireError.shape(JSONShapeError(path: row.path, expected: row.expected))
        ) { try read(row.text) }
    }

    @Test(
        arguments: [
            ("5", "5"), ("0", "0"), (#""5""#, "5"), (#""2.5%""#, "2.5%"), ("-5", "-5"),
            ("null", nil),
            (#""""#, ""),
        ] as [(String, String?)])
    func takesAPercentageAsNumberOrText(written: String, read text: String?) throws {
        let wave = try read(Self.file("", waves: #"[{"name":"a","percent":\#(written)}]"#)).waves[0]
        #expect(wave.percent == text)
        let gate = try read(
            Self.file(#","gate":{"max_failure_rate":\#(written),"confidence":\#(written)}"#)
        ).gate
        #expect(gate.maxFailureRate == text)
        #expect(gate.confidence == text)
    }

    @Test(arguments: ["true", "[]", "{}"])
    func takesNothingElseForAPercentage(written: String) throws {
        #expect {
            try read(Self.file("", waves: #"[{"name":"a","percent":\#(written)}]"#))
        } throws: { error in
            guard case .shape(let error) = error as? WireError else { return false }
            return error.path == "waves[0].percent"
        }
    }

    @Test(arguments: ["2.5", "1e2"])
    func takesNoNumberWithAFraction(written: String) {
        #expect {
            try read(Self.file("", waves: #"[{"name":"a","percent":\#(written)}]"#))
        } throws: { error in
            guard case .syntax(let error) = error as? WireError else { return false }
            return error.problem == .notAnInteger
        }
    }

    @Test func takesNoTextForACount() {
        #expect {
            try read(Self.file("", waves: #"[{"name":"a","sample":"50"}]"#))
        } throws: { error in
            guard case .shape(let error) = error as? WireError else { return false }
            return error.path == "waves[0].sample"
        }
    }

    @Test func takesAFileWithNothingBesidesItsWaves() throws {
        let file = try read(Self.file("", waves: #"[{"name":"a","percent":100}]"#))
        #expect(
            file
                == RolloutFile(
                    rollout: "r", release: "a 1", devices: "all",
                    waves: [.init(name: "a", percent: "100")]))
    }

    @Test func readsOutsideChecksAsTheyWereWritten() throws {
        let gate = RolloutFile.Gate(checks: [
            .init(name: "a", prometheus: "up", pass: "> 0", every: "1m", timeout: "5s"),
            .init(name: "b", webhook: "https://qa/gate"), .init(name: "c", command: "x"),
        ])
        let file = RolloutFile(
            rollout: "r", release: "a 1", devices: "all", waves: [.init(name: "a")], gate: gate)
        #expect(try RolloutFile(parsing: file.bytes, limitBytes: 10_000) == file)
    }

    @Test(arguments: [8, 9])
    func takesAtMostEightChecks(count: Int) {
        let checks = Array(repeating: #"{"name":"x"}"#, count: count).joined(separator: ",")
        let read = try? read(Self.file(#","gate":{"checks":[\#(checks)]}"#))
        #expect((read != nil) == (count == 8))
    }

    @Test(arguments: [8, 9])
    func takesAtMostEightStrata(count: Int) throws {
        let strata = Array(repeating: #""x""#, count: count).joined(separator: ",")
        let text = Self.file("", waves: #"[{"name":"a","strata":[\#(strata)]}]"#)
        if count == 8 {
            #expect(try read(text).waves[0].strata.count == 8)
        } else {
            #expect(
                throws: WireError.shape(
                    JSONShapeError(
                        path: "waves[0].strata", expected: "an array of at most 8 elements"))
            ) { try read(text) }
        }
    }
}
