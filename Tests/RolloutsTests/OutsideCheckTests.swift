import Model
import Rollouts
import Testing

/// What the answers of somebody outside do to a gate.
@Suite struct OutsideCheckTests {
    private static func name(_ text: String) throws -> CheckName {
        try #require(CheckName(text))
    }

    /// Asked every 30 s, an answer may take 10 s: it counts for 70 s.
    private static func gate(_ names: String...) throws -> GateSpec {
        try RolloutSpec(
            .plain.with {
                $0.gate.checks = names.map { RolloutFile.Check(name: $0, command: "x") }
            }
        ).gate
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let answer: AskedAnswer?
        let evidence: WaveEvidence
        let now: Int64
        let expected: String

        /// The wave opened at 100 and soaks for 60 s; nothing but the check is missing.
        init(
            _ sentence: String, _ answer: OutsideAnswer?, asked: Int64 = 200, at now: Int64 = 200,
            proven: Int = 9, failed: Int = 0, undecided: Int = 0, _ expected: String
        ) {
            testDescription = sentence
            self.answer = answer.map { AskedAnswer($0, asked: at(asked)) }
            evidence = WaveEvidence(
                proven: proven, failed: failed, provenInWave: proven, undecided: undecided)
            self.now = now
            self.expected = expected
        }
    }

    static let rows: [Row] = [
        Row("a pass opens", .pass, "promote"),
        Row("an answer stays fresh to the last second", .pass, at: 270, "promote"),
        Row(
            "an answer of the second in which the wave opened counts", .pass, asked: 100, at: 160,
            "promote"),
        Row(
            "no answer holds", nil,
            "hold: check qa is unknown: not asked since the wave opened"),
        Row(
            "an answer from before the wave holds", .pass, asked: 99, at: 160,
            "hold: check qa is unknown: not asked since the wave opened"),
        Row("an old answer holds", .pass, at: 271, "hold: check qa is unknown: asked 71s ago"),
        Row(
            "an answer of a later moment holds", .pass, asked: 201,
            "hold: check qa is unknown: asked at 1970-01-01T00:03:21Z, which is later"),
        Row("unknown holds", .unknown("no route"), "hold: check qa is unknown: no route"),
        Row("a failure stops", .fail("3 angry"), "stop: check qa failed: 3 angry"),
        Row(
            "a failure stops before the soak is over", .fail("x"), asked: 101, at: 101, proven: 0,
            "stop: check qa failed: x"),
        Row(
            "an old failure is only unknown", .fail("x"), at: 271,
            "hold: check qa is unknown: asked 71s ago"),
        Row(
            "a failure from before the wave is only unknown", .fail("x"), asked: 99, at: 160,
            "hold: check qa is unknown: not asked since the wave opened"),
        Row(
            "harm is told first", .fail("x"), proven: 0, failed: 2,
            "stop: 2 of 2 devices failed, more than the gate accepts"),
        Row(
            "soaking is told before what is unknown", nil, at: 159,
            "hold: soaking until 1970-01-01T00:02:40Z"),
        Row(
            "missing proofs are told before what is unknown", nil, proven: 1,
            "hold: 1 devices are proven, 2 are needed"),
        Row(
            "undecided devices are told before what is unknown", nil, undecided: 1,
            "hold: 1 device has neither proven it nor failed"),
        Row(
            "a pass stands in for no proof", .pass, proven: 0,
            "hold: 0 devices are proven, 2 are needed"),
    ]

    @Test(arguments: rows)
    func judges(row: Row) throws {
        let answers = try row.answer.map { [try Self.name("qa"): $0] } ?? [:]
        let verdict = try Self.gate("qa").verdict(
            row.evidence.hearing(answers), now: at(row.now), waveOpened: at(100),
            soak: .seconds(60), reached: 9)
        #expect("\(verdict)" == row.expected)
    }

    /// Promise P3, in every order of three checks and whatever else is answered.
    @Test func noAnswerNeverOpensAWave() throws {
        let gate = try Self.gate("a", "b", "c")
        let names = try ["a", "b", "c"].map(Self.name)
        let possible: [OutsideAnswer?] = [.pass, .unknown("x"), nil]
        for first in possible {
            for second in possible {
                for third in possible {
                    var answers: [CheckName: AskedAnswer] = [:]
                    for (name, answer) in zip(names, [first, second, third]) {
                        answers[name] = answer.map { AskedAnswer($0, asked: at(150)) }
                    }
                    let evidence = WaveEvidence(
                        proven: 500, failed: 0, provenInWave: 500, undecided: 0, outside: answers)
                    let verdict = gate.verdict(
                        evidence, now: at(200), waveOpened: at(100), soak: .zero, reached: 9)
                    let allPass = [first, second, third].allSatisfy { $0 == .pass }
                    #expect((verdict == .promote) == allPass)
                }
            }
        }
    }

    @Test func anAnswerToAnotherCheckIsNoAnswer() throws {
        let evidence = WaveEvidence(
            proven: 9, failed: 0, provenInWave: 9, undecided: 0,
            outside: [try Self.name("other"): AskedAnswer(.pass, asked: at(150))])
        let verdict = try Self.gate("qa").verdict(
            evidence, now: at(150), waveOpened: at(100), soak: .zero, reached: 9)
        #expect(
            verdict
                == .hold(
                    .outsideUnknown(
                        name: try Self.name("qa"), reason: "not asked since the wave opened")))
    }

    @Test func aFailurePausesAndForgivesNothingWhenResumed() throws {
        let plan = try RolloutPlan.restored(
            .plain.with { $0.gate.checks = [RolloutFile.Check(name: "qa", command: "x")] })
        let qa = try Self.name("qa")
        let evidence = WaveEvidence(
            proven: 9, failed: 1, provenInWave: 9, undecided: 0,
            outside: [qa: AskedAnswer(.fail("angry"), asked: at(10))])
        let opened = try plan.transition(from: .draft, on: .start(at: at(0)))
        let paused = try plan.transition(from: opened.state, on: .tick(at: at(10), evidence))
        #expect(paused.effects == [.stopOffering, .noteEvidence])
        #expect("\(paused.state)" == "paused in wave 1: check qa failed: angry")

        let resumed = try plan.transition(from: paused.state, on: .resume(at: at(20)))
        #expect(resumed.state == TransitionTests.running(0, 20))
        // What was said before the pause says nothing any more, for better or worse.
        let held = try plan.transition(from: resumed.state, on: .tick(at: at(80), evidence))
        #expect(held.state == resumed.state)
    }

    @Test func asksAgainAfterTheInterval() throws {
        let check = try Self.gate("qa").checks[0]
        #expect(check.isDue(at: at(100), lastAsked: nil))
        #expect(!check.isDue(at: at(129), lastAsked: at(100)))
        #expect(check.isDue(at: at(130), lastAsked: at(100)))
        // A clock that was set back.
        #expect(check.isDue(at: at(99), lastAsked: at(100)))
    }

    @Test func reasonsFitALine() {
        let long = OutsideAnswer.unknown(String(repeating: "ä\n", count: 400)).bounded
        guard case .unknown(let reason) = long else {
            Issue.record("\(long)")
            return
        }
        #expect(reason.utf8.count == 512)
        #expect(!reason.contains("\n"))
        #expect(OutsideAnswer.fail("a\u{1b}b").bounded == .fail("a b"))
    }

    // MARK: conditions

    static let satisfied: [(String, [Double], [Double])] = [
        ("< 0.01", [0, -1, 0.0099, -.infinity], [0.01, 1, .infinity, .nan]),
        ("<=1e-2", [0.01], [0.0101, .nan]),
        ("> -5", [0, .infinity], [-5, -6, .nan]),
        (">=  5", [5, 6], [4.9, .nan]),
        ("== 1", [1], [0.999, .nan]),
        ("!= 1", [0, 2], [1, .nan]),
    ]

    @Test(arguments: satisfied)
    func compares(text: String, good: [Double], bad: [Double]) throws {
        let condition = try #require(PassCondition(text))
        for value in good { #expect(condition.isSatisfied(by: value), "\(value)") }
        for value in bad { #expect(!condition.isSatisfied(by: value), "\(value)") }
    }

    @Test(
        arguments: [
            "", "<", "0.01", "= 1", "<> 1", "< inf", "< nan", "< 0x10", "< 1e999", "< 1 2", "<< 1",
            "< 1;", "< -", " < 1", "< \(String(repeating: "1", count: 33))", "< ٣",
        ])
    func refusesConditions(text: String) { #expect(PassCondition(text) == nil) }

    // MARK: addresses

    @Test(
        arguments: [
            "https://qa.example.com/gate", "https://qa.example.com/gate/", "http://qa/",
            "http://10.0.0.1:8080/a/b?c=d&e=%20", "http://[::1]:80/x", "https://qa.example.com",
            "https://qa.example.com/a%20b",
        ])
    func takesAddresses(text: String) { #expect(OutsideAddress(text)?.text == text) }

    @Test(
        arguments: [
            "", "https://", "https:///gate", "ftp://qa/gate", "file:///etc/passwd", "//qa/gate",
            "HTTPS://qa/gate", "https://me@qa/gate", "https://qa.example.com@evil/gate",
            "https://qa/gate/../admin", "https://qa/gate/./x", "https://qa/gate/%2e%2e/admin",
            "https://qa/gate/%2E./admin", "https://qa/a%2Fb", "https://qa/a//b", "https://qa/a#b",
            "https://qa\\evil/gate", "https://qa/a%5cb", "https://qa/a b", "https://qa/ä",
            "https://QA/gate", "https://qa/a\nb",
            "https://qa/\(String(repeating: "a", count: 2040))",
        ])
    func refusesAddresses(text: String) { #expect(OutsideAddress(text) == nil) }

    static let prefixes: [(String, String, Bool)] = [
        ("https://qa/gate", "https://qa/gate", true),
        ("https://qa/gate/", "https://qa/gate", true),
        ("https://qa/gate/x?y", "https://qa/gate/", true),
        ("https://qa/gate?y", "https://qa/gate", true),
        ("https://qa/gate", "https://qa", true),
        ("https://qa/gatekeeper", "https://qa/gate", false),
        ("https://qa/", "https://qa/gate", false),
        ("http://qa/gate", "https://qa/gate", false),
        ("https://qa:8443/gate", "https://qa/gate", false),
        ("https://qa.evil/gate", "https://qa", false),
    ]

    @Test(arguments: prefixes)
    func prefixesMatchWholeSegments(text: String, prefix: String, isBelow: Bool) throws {
        let address = try #require(OutsideAddress(text))
        #expect(address.isAtOrBelow(try #require(OutsideAddress(prefix))) == isBelow)
    }
}

extension WaveEvidence {
    fileprivate func hearing(_ answers: [CheckName: AskedAnswer]) -> WaveEvidence {
        WaveEvidence(
            proven: proven, failures: failures, provenInWave: provenInWave,
            undecided: undecided, isApproved: isApproved, outside: answers)
    }
}
