import Model
import Rollouts
import Testing

@Suite struct OverdueGradingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let updated: OverdueGrading.Updated
        let control: OverdueGrading.Control
        let grade: OverdueGrading.Grade

        init(
            _ sentence: String, proven: Int, failed: Int = 0, overdue: Int,
            silent: Int, of count: Int, _ grade: OverdueGrading.Grade
        ) {
            testDescription = sentence
            updated = OverdueGrading.Updated(proven: proven, failed: failed, overdue: overdue)
            control = OverdueGrading.Control(silent: silent, count: count)
            self.grade = grade
        }
    }

    static let table: [Row] = [
        Row("nothing", proven: 0, overdue: 0, silent: 0, of: 0, .failed(0)),
        Row("too few to stop", proven: 90, overdue: 1, silent: 1, of: 100, .failed(1)),
        Row("nobody to compare with", proven: 0, overdue: 5, silent: 0, of: 0, .failed(5)),
        Row("only updated devices", proven: 0, overdue: 3, silent: 0, of: 100, .failed(3)),
        Row("nobody else is silent", proven: 0, overdue: 2, silent: 0, of: 3, .failed(2)),
        Row("two against few", proven: 0, overdue: 2, silent: 1, of: 3, .undecided(2)),
        Row("an outage", proven: 70, overdue: 30, silent: 300, of: 1000, .undecided(30)),
        Row("all are silent", proven: 0, overdue: 30, silent: 50, of: 50, .undecided(30)),
        Row("worse than the outage", proven: 30, overdue: 70, silent: 300, of: 1000, .failed(70)),
        Row(
            "no more than allowed is added", proven: 9600, overdue: 400, silent: 2500, of: 100_000,
            .undecided(400)),
        Row(
            "failures beside an outage", proven: 40, failed: 30, overdue: 30, silent: 300, of: 1000,
            .failed(30)),
    ]

    @Test(arguments: table)
    func grades(row: Row) throws {
        let grading = OverdueGrading(gate: try GateTests.gate())
        #expect(grading.grade(row.updated, beside: row.control) == row.grade)
    }

    /// Calculated with the logarithms of Python and a search for the largest denominator.
    @Test func evidenceAgreesWithOtherArithmetic() throws {
        let grading = OverdueGrading(gate: try GateTests.gate())
        let evidence = grading.evidenceOfHarm(
            OverdueGrading.Updated(proven: 30, failed: 3, overdue: 17),
            beside: OverdueGrading.Control(silent: 40, count: 400))
        #expect(abs(evidence - 5.717994875046685) < 1e-9)
    }

    @Test(arguments: [0, 1, 1_000_000_000])
    func extremeCountsStayNumbers(count: Int) throws {
        for rate in ["0.0001%", "50%", "99.9999%"] {
            let grading = OverdueGrading(gate: try GateTests.gate { $0.maxFailureRate = rate })
            for (overdue, silent) in [(0, 0), (count, 0), (0, count), (count, count)] {
                for (proven, heard) in [(0, 0), (1, 1), (count, count)] {
                    let evidence = grading.evidenceOfHarm(
                        OverdueGrading.Updated(proven: proven, failed: 0, overdue: overdue),
                        beside: OverdueGrading.Control(silent: silent, count: silent + heard))
                    #expect(evidence.isFinite)
                }
            }
        }
    }

    @Test func oneSilentDeviceAmongVeryManyStaysANumber() throws {
        let grading = OverdueGrading(gate: try GateTests.gate { $0.maxFailureRate = "99.9999%" })
        let evidence = grading.evidenceOfHarm(
            OverdueGrading.Updated(proven: 0, failed: 0, overdue: 5),
            beside: OverdueGrading.Control(silent: 1, count: 1_000_000_000_000))
        #expect(evidence.isFinite)
    }

    /// P3: with grading, no wave is promoted that is not promoted when silence is failure.
    @Test(arguments: [0, 1, 5, 30, 200], [0, 1, 2, 9, 40])
    func p3NeverOpensAWaveThatSilenceWouldKeepShut(proven: Int, overdue: Int) throws {
        let gate = try GateTests.gate()
        let grading = OverdueGrading(gate: gate)
        let updated = OverdueGrading.Updated(proven: proven, failed: 0, overdue: overdue)
        let strict = gate.promotes(proven: proven, failed: overdue, undecided: 0)
        for (silent, count) in [(0, 0), (0, 50), (10, 50), (50, 50)] {
            let control = OverdueGrading.Control(silent: silent, count: count)
            let graded =
                switch grading.grade(updated, beside: control) {
                case .failed(let failed):
                    gate.promotes(proven: proven, failed: failed, undecided: 0)
                case .undecided(let undecided):
                    gate.promotes(proven: proven, failed: 0, undecided: undecided)
                }
            #expect(!graded || strict)
        }
    }

    /// A fifth of all devices lose their network, and the release adds nothing or the allowed rate.
    @Test(arguments: [0, 0.02], [1, 2] as [UInt64])
    func seldomBlamesTheReleaseForAnOutage(added: Double, seed: UInt64) throws {
        let blamed = try Self.blamed(added: added, outage: 0.2, seed: seed)
        #expect(blamed.count { $0 != nil } <= Self.runs * 5 / 100)
    }

    @Test func blamesAReleaseThatSilencesHalfOfItsDevicesInAnOutage() throws {
        let blamed = try Self.blamed(added: 0.5, outage: 0.2, seed: 1)
        #expect(blamed.allSatisfy { $0 != nil })
    }

    static let runs = 200

    /// After how many updated devices silence was held against the release, looking after each.
    static func blamed(added: Double, outage: Double, seed: UInt64) throws -> [Int?] {
        let grading = OverdueGrading(gate: try GateTests.gate())
        var random = SplitMix64(seed: seed)
        func happens(_ chance: Double) -> Bool {
            Double.random(in: 0..<1, using: &random) < chance
        }
        return (0..<runs).map { _ in
            var (overdue, silent) = (0, 0)
            for count in 1...150 {
                if happens(outage) || happens(added) { overdue += 1 }
                if happens(outage) { silent += 1 }
                let updated = OverdueGrading.Updated(
                    proven: count - overdue, failed: 0, overdue: overdue)
                let control = OverdueGrading.Control(silent: silent, count: count)
                // Before the gate would stop, "failed" is no blame.
                if grading.evidenceOfHarm(updated, beside: control) >= grading.sufficient {
                    return count
                }
            }
            return nil
        }
    }
}

extension OverdueGrading {
    /// 1/α of the plain gate, as a logarithm.
    fileprivate var sufficient: Double { 2.995732273553991 }
}

extension GateSpec {
    fileprivate func promotes(proven: Int, failed: Int, undecided: Int) -> Bool {
        verdict(
            WaveEvidence(
                proven: proven, failed: failed, provenInWave: proven, undecided: undecided),
            now: at(60), waveOpened: at(0), soak: .seconds(60),
            reached: 100) == .promote
    }
}
