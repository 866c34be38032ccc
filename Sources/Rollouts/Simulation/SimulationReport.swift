internal import Model

/// What many runs of one simulated rollout came to.
public struct SimulationReport: Hashable, Sendable {
    /// The rollout's name, for headings.
    public let title: String
    public let candidateCount: Int
    public let runCount: Int
    /// How long the runs that completed took, the fastest first.
    public let finishes: [Duration]
    /// How many devices each run harmed, the fewest first.
    public let harmed: [Int]
    /// How many runs the gate stopped.
    public let stoppedCount: Int
    /// How many runs had neither completed nor been stopped when their lifetime was over.
    public let expiredCount: Int
    /// The strata that were paused in some run, the one named most often first.
    ///
    /// Such a run goes on with the others, and counts as completed when they are done.
    public let strata: [PausedFinding]
    public let waves: [WaveFinding]
    public let faults: [FaultFinding]

    /// One stratum in all runs.
    public struct PausedFinding: Hashable, Sendable {
        public let stratum: Stratum
        /// How many runs named it.
        public let runCount: Int
    }

    /// One wave in all runs.
    public struct WaveFinding: Hashable, Sendable {
        public let name: String
        /// How many runs the gate stopped in this wave.
        public let stoppedCount: Int
        /// How long after the start the runs that passed this wave did, the fastest first.
        public let passes: [Duration]
    }

    /// What the gate makes of a release that fails everywhere with the same chance.
    public struct FaultFinding: Hashable, Sendable {
        public let failureRate: Double
        public let runCount: Int
        public let stoppedCount: Int
        /// By wave, how many runs the gate stopped there.
        public let stoppedInWave: [Int]
        /// Whether the gate accepts such a release.
        public let isAcceptable: Bool

        /// The share of runs that were stopped without need; `nil` for a release that should be.
        public var falseStops: Double? {
            isAcceptable ? Double(stoppedCount) / Double(runCount) : nil
        }

        /// The share of runs in which the fault was not found; `nil` when there is none.
        public var missedFaults: Double? {
            isAcceptable ? nil : 1 - Double(stoppedCount) / Double(runCount)
        }
    }

    /// How often a simulation is played.
    public struct Effort: Hashable, Sendable {
        /// 1 to 100,000.
        public let runs: Int
        /// The failure rates of faults that the gate is tried with; at most 100, each from 0 to 1.
        public let faultRates: [Double]
        /// 1 to 100,000.
        public let runsPerFault: Int

        /// Returns `nil` outside these limits.
        public init?(runs: Int, faultRates: [Double], runsPerFault: Int) {
            let counts = 1...100_000
            guard counts.contains(runs), counts.contains(runsPerFault), faultRates.count <= 100,
                faultRates.allSatisfy({ (0...1).contains($0) })
            else { return nil }
            self.runs = runs
            self.faultRates = faultRates
            self.runsPerFault = runsPerFault
        }
    }

    /// Plays `simulation`; the same arguments always give the same report.
    ///
    /// Takes as long as all runs together. In the runs for faults the rates of strata do not count.
    public init(
        of simulation: RolloutSimulation, _ behaviour: FleetBehaviour, effort: Effort, seed: UInt64
    ) {
        var random = SeededGenerator(seed: seed)
        let outcomes = (0..<effort.runs).map { _ in simulation.run(behaviour, using: &random) }
        let faults = effort.faultRates.map { rate in
            var faulty = behaviour
            faulty.failureRate = rate
            faulty.stratumFailureRates = [:]
            let stops = (0..<effort.runsPerFault).map { _ in
                simulation.run(faulty, using: &random).stoppedInWave
            }
            return FaultFinding(
                failureRate: rate, runCount: effort.runsPerFault,
                stoppedCount: stops.count { $0 != nil },
                stoppedInWave: simulation.plan.waves.indices.map { wave in
                    stops.count { $0 == wave }
                },
                isAcceptable: rate <= simulation.plan.spec.gate.maxFailureRate)
        }
        self.init(of: simulation, outcomes, faults: faults)
    }

    init(
        of simulation: RolloutSimulation, _ outcomes: [SimulationOutcome], faults: [FaultFinding]
    ) {
        title = simulation.plan.spec.name.text
        candidateCount = simulation.candidateCount
        runCount = outcomes.count
        finishes = outcomes.filter(\.isCompleted).map(\.endedAfter).sorted()
        harmed = outcomes.map(\.harmed).sorted()
        stoppedCount = outcomes.count { $0.stoppedInWave != nil }
        expiredCount = outcomes.count - finishes.count - stoppedCount
        strata = Self.strata(in: outcomes)
        waves = simulation.plan.waves.enumerated().map { number, wave in
            WaveFinding(
                name: wave.spec.name, stoppedCount: outcomes.count { $0.stoppedInWave == number },
                passes: outcomes.compactMap {
                    number < $0.passedAfter.count ? $0.passedAfter[number] : nil
                }.sorted())
        }
        self.faults = faults
    }

    private static func strata(in outcomes: [SimulationOutcome]) -> [PausedFinding] {
        var counts: [Stratum: Int] = [:]
        for stratum in outcomes.flatMap(\.paused) { counts[stratum, default: 0] += 1 }
        return counts.map { PausedFinding(stratum: $0.key, runCount: $0.value) }
            .sorted { ($1.runCount, $0.stratum) < ($0.runCount, $1.stratum) }
    }

    /// The share of runs that the gate stopped.
    public var stopShare: Double { Double(stoppedCount) / Double(runCount) }

    public var meanHarmed: Double { Double(harmed.reduce(0, +)) / Double(max(1, harmed.count)) }
}

/// Of sorted values, the smallest that at least a share of them does not exceed.
public enum Quantile {
    /// - Parameter share: More than 0, at most 1.
    /// - Returns: `nil` when there are no values.
    public static func of<Value>(_ sorted: [Value], _ share: Double) -> Value? {
        let rank = Int((share * Double(sorted.count)).nextDown)
        return sorted.isEmpty ? nil : sorted[min(max(0, rank), sorted.count - 1)]
    }
}
