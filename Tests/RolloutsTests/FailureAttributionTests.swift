import Rollouts
import Testing

@Suite struct FailureAttributionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let devices: DecidedDevices
        let pairCount: Int
        let findings: [String]

        /// Counts are those of failed and decided devices; a stratum is `attribute value`.
        init(
            _ sentence: String, _ total: (Int, Int), _ strata: [String: (Int, Int)],
            pairCount: Int = 62, _ findings: String...
        ) {
            testDescription = sentence
            var counts: [Stratum: DecidedCount] = [:]
            for (name, count) in strata {
                let words = name.split(separator: " ").map(String.init)
                counts[Stratum(attribute: words[0], value: words[1])] = Self.count(count)
            }
            devices = DecidedDevices(total: Self.count(total), strata: counts)
            self.pairCount = pairCount
            self.findings = findings
        }

        private static func count(_ pair: (Int, Int)) -> DecidedCount {
            DecidedCount(proven: pair.1 - pair.0, failed: pair.0)
        }
    }

    static let table: [Row] = [
        Row("nothing is known", (0, 0), [:]),
        Row("nothing failed", (0, 40), ["board C": (0, 5)]),
        Row(
            "a board that always fails", (6, 47), ["board C": (6, 6), "board D": (0, 41)],
            "board C: 6 of 6 devices failed, 0 of 41 elsewhere"),
        Row(
            "two failures explain an early stop", (2, 6), ["board C": (2, 2), "site 1": (1, 2)],
            "board C: 2 of 2 devices failed, 0 of 4 elsewhere"),
        Row("two failures explain nothing among two", (2, 2), ["board C": (2, 2)]),
        Row(
            "two failures are chance among many strata", (2, 6),
            ["board C": (2, 2), "a 1": (0, 2), "a 2": (0, 2), "b 1": (1, 3), "b 2": (1, 3)]
                .merging(["c 1": (1, 2), "c 2": (1, 2), "c 3": (0, 2)]) { first, _ in first }),
        Row("a release that always fails", (5, 5), ["board C": (3, 3), "board D": (2, 2)]),
        Row("one failure never", (1, 1), ["board C": (1, 1)], pairCount: 1),
        Row(
            "the gate does not stop yet", (3, 403), ["board C": (3, 3), "board D": (0, 400)],
            "board C: 3 of 3 devices failed, 0 of 400 elsewhere"),
        Row(
            "too many pairs were looked at", (3, 403), ["board C": (3, 3), "board D": (0, 400)],
            pairCount: 1000),
        Row("not without a stop on weak evidence", (2, 402), ["board C": (2, 2)]),
        Row("the others fail as well", (5, 8), ["board C": (2, 2)]),
        Row(
            "strong evidence is told though the others fail as well", (10, 40),
            ["board C": (5, 5), "board D": (5, 35)],
            "board C: 5 of 5 devices failed, 5 of 35 elsewhere"),
        Row("every device is in the stratum", (6, 47), ["board C": (6, 47)], pairCount: 1),
        Row(
            "the same devices under two names", (6, 47), ["carrier x": (6, 6), "board C": (6, 6)],
            "board C: 6 of 6 devices failed, 0 of 41 elsewhere"),
        Row(
            "the better evidence", (6, 47), ["board C": (6, 9), "carrier x": (6, 6)],
            "carrier x: 6 of 6 devices failed, 0 of 41 elsewhere"),
        Row(
            "two values of one attribute", (10, 100),
            ["board C": (6, 6), "board D": (4, 4), "carrier x": (4, 4)],
            "board C: 6 of 6 devices failed, 4 of 94 elsewhere",
            "board D: 4 of 4 devices failed, 0 of 90 elsewhere"),
    ]

    @Test(arguments: table)
    func names(row: Row) throws {
        let attribution = FailureAttribution(gate: try GateTests.gate(), pairCount: row.pairCount)
        #expect(attribution.findings(in: row.devices).map(\.description) == row.findings)
    }

    @Test func theGateGoesOnWithoutTheDevicesThatWereNamed() throws {
        let gate = try GateTests.gate()
        let board = ["C": 6, "D": 4].map { value, failed in
            (
                Stratum(attribute: "board", value: value), DecidedCount(proven: 0, failed: failed)
            )
        }
        let devices = DecidedDevices(
            total: DecidedCount(proven: 89, failed: 11),
            strata: Dictionary(uniqueKeysWithValues: board))
        let found = FailureAttribution(gate: gate, pairCount: 62).findings(in: devices)
        #expect(devices.excluding(found) == DecidedCount(proven: 89, failed: 1))
        #expect(gate.stops(failures: 11, decided: 100))
        #expect(!gate.stops(failures: 1, decided: 90))
    }

    @Test func aValueCannotPassForAPartOfTheSentence() {
        let stratum = Stratum(attribute: "board", value: "C: 0 of 6")
        #expect("\(stratum)" == "board \"C: 0 of 6\"")
    }
}

/// Plays rollouts from seeds, with attribution asked before the gate after every report.
@Suite struct AttributionSimulation {
    static let runs = 300

    static func outcomes(
        failureRate: Double, hasBadStratum: Bool, within reports: Int, seed: UInt64
    ) throws -> [GateStatistics.Outcome] {
        var random = SplitMix64(seed: seed)
        let fleet = GateStatistics.Fleet(
            valueCounts: ["board_revision": 8, "carrier": 4, "site": 50],
            failureRate: failureRate, hasBadStratum: hasBadStratum)
        return GateStatistics(gate: try GateTests.gate(), runs: runs)
            .outcomes(of: fleet, within: reports, using: &random)
    }

    @Test(arguments: [1] as [UInt64])
    func seldomNamesAStratumOfAnAcceptableRelease(seed: UInt64) throws {
        let outcomes = try Self.outcomes(
            failureRate: 0.02, hasBadStratum: false, within: 100, seed: seed)
        #expect(outcomes.count { !$0.named.isEmpty } <= Self.runs * 5 / 100)
    }

    @Test(arguments: [1] as [UInt64])
    func namesTheBoardThatAlwaysFailsAndLetsTheRestGoOn(seed: UInt64) throws {
        let outcomes = try Self.outcomes(
            failureRate: 0.005, hasBadStratum: true, within: 80, seed: seed)
        #expect(outcomes.count { $0.isRight && $0.stoppedAfter == nil } >= Self.runs * 88 / 100)
    }

    @Test func neverNamesAStratumOfAReleaseThatAlwaysFails() throws {
        let outcomes = try Self.outcomes(
            failureRate: 1, hasBadStratum: false, within: 10, seed: 1)
        #expect(outcomes.allSatisfy { $0.named.isEmpty && $0.stoppedAfter == 2 })
    }
}
