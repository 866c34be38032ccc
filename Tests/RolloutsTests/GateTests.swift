import Model
import Rollouts
import Testing

@Suite struct GateTests {
    static func gate(_ change: (inout RolloutFile.Gate) -> Void = { _ in }) throws -> GateSpec {
        try RolloutSpec(.plain.with { change(&$0.gate) }).gate
    }

    @Test func evidenceAgreesWithOtherArithmetic() throws {
        let gate = try Self.gate()
        #expect(abs(gate.evidenceOfHarm(failures: 3, decided: 40) - 0.7760527773397676) < 1e-12)
        #expect(abs(gate.evidenceOfHealth(failures: 3, decided: 400) - 0.537800069152105) < 1e-12)
        #expect(gate.evidenceOfHarm(failures: 0, decided: 0) == 0)
        #expect(gate.evidenceOfHealth(failures: 0, decided: 0) == 0)
    }

    /// The first number of devices, each `every`th of which fails, that stops a wave.
    static let stops: [(Int, Int)] = [(1, 2), (2, 4), (5, 15), (10, 60)]

    @Test(arguments: stops)
    func stopsAReleaseThatFailsRegularly(every: Int, decided: Int) throws {
        let gate = try Self.gate()
        let first = (1...100).first { gate.stops(failures: $0 / every, decided: $0) }
        #expect(first == decided)
    }

    @Test func provesAReleaseThatNeverFails() throws {
        let gate = try Self.gate()
        let first = (1...300).first {
            gate.evidenceOfHealth(failures: 0, decided: $0) >= gate.sufficientEvidence
        }
        #expect(first == 163)
    }

    @Test func evidenceGrowsWithFailuresAndHealthFalls() throws {
        let gate = try Self.gate()
        for decided in [1, 10, 100, 1000] {
            for failures in 0..<min(decided, 50) {
                #expect(
                    gate.evidenceOfHarm(failures: failures, decided: decided)
                        < gate.evidenceOfHarm(failures: failures + 1, decided: decided))
                #expect(
                    gate.evidenceOfHealth(failures: failures, decided: decided)
                        > gate.evidenceOfHealth(failures: failures + 1, decided: decided))
            }
        }
    }

    @Test(arguments: ["0.0001%", "50%", "99.9999%"], [0, 1_000_000, 1_000_000_000])
    func extremeRatesAndCountsStayNumbers(rate: String, count: Int) throws {
        let gate = try Self.gate { $0.maxFailureRate = rate }
        for failures in [0, count / 2, count] {
            #expect(gate.evidenceOfHarm(failures: failures, decided: count).isFinite)
            #expect(gate.evidenceOfHealth(failures: failures, decided: count).isFinite)
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let evidence: WaveEvidence
        let now: Int64
        let verdict: GateVerdict

        /// The wave opened at 100, soaks for 60 s and needs two proven devices.
        init(
            _ sentence: String, proven: Int, failed: Int = 0, inWave: Int, undecided: Int = 0,
            at now: Int64 = 160, _ verdict: GateVerdict
        ) {
            testDescription = sentence
            evidence = WaveEvidence(
                proven: proven, failed: failed, provenInWave: inWave, undecided: undecided)
            self.now = now
            self.verdict = verdict
        }
    }

    static let verdicts: [Row] = [
        Row("all holds", proven: 2, inWave: 2, .promote),
        Row("one failure is not yet harm", proven: 2, failed: 1, inWave: 2, .promote),
        Row("harm stops", proven: 2, failed: 2, inWave: 2, .stop(failures: 2, decided: 4)),
        Row(
            "harm stops before the soak is over", proven: 0, failed: 2, inWave: 0, at: 100,
            .stop(failures: 2, decided: 2)),
        Row(
            "soaking to the last second", proven: 9, inWave: 9, at: 159,
            .hold(.soaking(until: at(160)))),
        Row(
            "a clock that went back", proven: 9, inWave: 9, at: 50,
            .hold(.soaking(until: at(160)))),
        Row(
            "proofs of other waves do not count", proven: 9, inWave: 1,
            .hold(.tooFewConfirmed(have: 1, need: 2))),
        Row("nothing known", proven: 0, inWave: 0, .hold(.tooFewConfirmed(have: 0, need: 2))),
        Row("undecided", proven: 9, inWave: 9, undecided: 1, .hold(.undecided(1))),
    ]

    @Test(arguments: verdicts)
    func judges(row: Row) throws {
        let verdict = try Self.gate().verdict(
            row.evidence, now: at(row.now), waveOpened: at(100), soak: .seconds(60), reached: 100)
        #expect(verdict == row.verdict)
    }

    @Test func holdsWithoutEvidenceOfHealthWhereThatIsRequired() throws {
        let gate = try Self.gate { $0.require = "evidence_of_health" }
        func verdict(proven: Int) -> GateVerdict {
            gate.verdict(
                WaveEvidence(proven: proven, failed: 0, provenInWave: proven, undecided: 0),
                now: at(60), waveOpened: at(0), soak: .seconds(60), reached: 100)
        }
        #expect(verdict(proven: 163) == .promote)
        guard case .hold(.noEvidenceOfHealth(let have, let need)) = verdict(proven: 162) else {
            Issue.record("\(verdict(proven: 162))")
            return
        }
        #expect(abs(need - 20) < 1e-9)
        #expect((19..<20).contains(have))
        #expect(
            "\(GateVerdict.HoldReason.noEvidenceOfHealth(have: 3.14159, need: 20))"
                == "evidence of health is 3.1, 20.0 is needed")
    }
}

extension GateSpec {
    func stops(failures: Int, decided: Int) -> Bool {
        evidenceOfHarm(failures: failures, decided: decided) >= sufficientEvidence
    }
}
