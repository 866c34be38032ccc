public import Model

/// Waves for a rollout that finish in time and harm few devices.
public struct SimulationSuggestion: Hashable, Sendable {
    public let waves: [RolloutFile.Wave]
    /// What nine of ten runs of a sound release do not exceed.
    public let finish: Duration
    /// The mean over sound and faulty releases, weighted by how probable each is.
    public let expectedHarmed: Double
    /// The share of runs of a faulty release that were stopped, or at least never completed.
    public let caught: Double

    /// What is asked of a plan, and how long it may be looked for.
    public struct Question: Hashable, Sendable {
        /// Nine of ten runs of a sound release have to finish within this.
        public var deadline: Duration
        /// The chance that the release is faulty; 0 to 1.
        public var faultProbability: Double
        /// How often a faulty release fails; 0 to 1.
        public var faultRate: Double
        /// How often each plan is played with a sound release, and with a faulty one.
        public var runsPerCandidate: Int
        /// How many of the best plans are played again, and how often each way.
        public var finalists: Int
        public var runsPerFinalist: Int

        /// - Precondition: All shares are from 0 to 1, and all counts from 1 to 1000.
        public init(
            deadline: Duration, faultProbability: Double, faultRate: Double, runsPerCandidate: Int,
            finalists: Int, runsPerFinalist: Int
        ) {
            precondition(
                [faultProbability, faultRate].allSatisfy { (0...1).contains($0) },
                "shares are from 0 to 1")
            precondition(
                [runsPerCandidate, finalists, runsPerFinalist].allSatisfy {
                    (1...1000).contains($0)
                },
                "the search is bounded")
            self.deadline = deadline
            self.faultProbability = faultProbability
            self.faultRate = faultRate
            self.runsPerCandidate = runsPerCandidate
            self.finalists = finalists
            self.runsPerFinalist = runsPerFinalist
        }
    }

    /// The sizes of canaries, percentages after them and soaks that are tried, all with all.
    private static let samples = [5, 20, 50, 100, 200]
    private static let percentages = [
        ["100%"], ["10%", "100%"], ["1%", "100%"], ["5%", "25%", "100%"], ["1%", "10%", "100%"],
    ]
    private static let soaks: [(canary: String, later: String)] = [
        ("1h", "1h"), ("6h", "2h"), ("12h", "6h"), ("24h", "12h"),
    ]

    /// The best plans for a rollout like `file`, the one with the fewest harmed devices first.
    ///
    /// All but the waves stays as it is; the strata of the first sample and the rate of the last
    /// wave are kept. A hundred plans are tried at most, so the time is bounded by
    /// `200 · runsPerCandidate + 2 · finalists · runsPerFinalist` runs.
    ///
    /// - Parameter simulation: Makes a simulation of a spec, always of the same fleet; `nil` for a
    ///   plan that cannot be made for it.
    /// - Parameter behaviour: That of a sound release.
    /// - Returns: Nothing when no plan finishes in time.
    public static func best(
        for file: RolloutFile, _ question: Question, behaviour: FleetBehaviour, seed: UInt64,
        simulation: (RolloutSpec) -> RolloutSimulation?
    ) -> [SimulationSuggestion] {
        func tried(
            _ waves: [RolloutFile.Wave], runs: Int
        ) -> SimulationSuggestion? {
            var changed = file
            changed.waves = waves
            guard let spec = try? RolloutSpec(changed),
                spec.waves.reduce(.zero, { $0 + $1.soak }) <= question.deadline,
                let simulation = simulation(spec)
            else { return nil }
            return SimulationSuggestion(
                waves, simulation, question, behaviour: behaviour, runs: runs, seed: seed)
        }
        let first = shapes(like: file).compactMap { tried($0, runs: question.runsPerCandidate) }
            .sorted(by: precedes)
        return first.prefix(question.finalists)
            .compactMap { tried($0.waves, runs: question.runsPerFinalist) }
            .sorted(by: precedes)
    }

    /// `nil` when the plan does not finish in time.
    private init?(
        _ waves: [RolloutFile.Wave], _ simulation: RolloutSimulation, _ question: Question,
        behaviour: FleetBehaviour, runs: Int, seed: UInt64
    ) {
        // The same seed for each plan: they are compared on the same devices with the same fates.
        var random = SeededGenerator(seed: seed)
        let sound = (0..<runs).map { _ in simulation.run(behaviour, using: &random) }
        // A run that does not complete takes longer than any deadline.
        let times = sound.map { $0.isCompleted ? $0.endedAfter : .seconds(Int64.max) }.sorted()
        guard let finish = Quantile.of(times, 0.9), finish <= question.deadline else { return nil }
        var broken = behaviour
        broken.failureRate = max(behaviour.failureRate, question.faultRate)
        let faulty = (0..<runs).map { _ in simulation.run(broken, using: &random) }
        self.waves = waves
        self.finish = finish
        expectedHarmed =
            question.faultProbability * Self.meanHarmed(faulty)
            + (1 - question.faultProbability) * Self.meanHarmed(sound)
        caught = Double(faulty.count { !$0.isCompleted }) / Double(runs)
    }

    private static func meanHarmed(_ outcomes: [SimulationOutcome]) -> Double {
        Double(outcomes.reduce(0) { $0 + $1.harmed }) / Double(outcomes.count)
    }

    /// Of equally harmless plans the faster one.
    private static func precedes(_ left: Self, _ right: Self) -> Bool {
        (left.expectedHarmed, left.finish) < (right.expectedHarmed, right.finish)
    }

    private static func shapes(like file: RolloutFile) -> [[RolloutFile.Wave]] {
        let strata = file.waves.first { $0.sample != nil }?.strata ?? []
        let rate = file.waves.last?.rate
        return samples.flatMap { sample in
            percentages.flatMap { percentages in
                soaks.map { soak in
                    let canary = RolloutFile.Wave(
                        name: "canary", sample: sample, strata: strata, soak: soak.canary)
                    let later = percentages.enumerated().map { number, percent in
                        RolloutFile.Wave(
                            name: "wave-\(number + 2)", percent: percent, soak: soak.later,
                            rate: number + 1 == percentages.count ? rate : nil)
                    }
                    return [canary] + later
                }
            }
        }
    }
}
