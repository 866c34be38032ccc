import Rollouts
import Testing

/// Plays the gate against releases of a known failure rate, looking after every single report.
@Suite struct GateSimulation {
    static let runs = 2000
    static let horizon = 600

    /// For each number of decided devices, the fewest failures that stop; the evidence grows with them.
    static let fewestFailures: [Int]? = {
        guard let gate = try? GateTests.gate() else { return nil }
        var failures = 0
        return (0...horizon).map { decided in
            while failures <= decided, !gate.stops(failures: failures, decided: decided) {
                failures += 1
            }
            return failures
        }
    }()

    /// After how many reports each run was stopped; `nil` for those that never were.
    private static func stops(failureRate: Double, seed: UInt64) throws -> [Int?] {
        let fewest = try #require(fewestFailures)
        var random = SplitMix64(seed: seed)
        return (0..<runs).map { _ in
            var failures = 0
            for decided in 1...horizon {
                if Double.random(in: 0..<1, using: &random) < failureRate { failures += 1 }
                if failures >= fewest[decided] { return decided }
            }
            return nil
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func seldomStopsAReleaseAtTheAcceptableRate(seed: UInt64) throws {
        let stopped = try Self.stops(failureRate: 0.02, seed: seed).count { $0 != nil }
        // α is 5 %; three standard deviations of 2,000 runs are 1.5 % of them.
        #expect(Double(stopped) / Double(Self.runs) <= 0.05 + 0.015)
        #expect(stopped > 0, "a gate that never stops shows nothing")
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func stopsAReleaseThatFailsInTenPercentAfterAboutForty(seed: UInt64) throws {
        let stops = try Self.stops(failureRate: 0.1, seed: seed).map { $0 ?? Self.horizon + 1 }
        let median = stops.sorted()[Self.runs / 2]
        #expect((30...50).contains(median))
        #expect(stops.count { $0 > Self.horizon } == 0)
    }
}
