internal import ArgumentParser
internal import Model
internal import Rollouts

/// How often the gate errs, and what one of its decisions costs.
struct GateBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gate",
        abstract: "The gate's errors over many invented rollouts, and the time of one decision.",
        discussion: """
            Every rollout is looked at after each report. Shares are in percent of the rollouts; \
            the limit is the gate's max_failure_rate, and the confidence is 95 %.
            """)

    @Option(help: "How many rollouts each figure is taken from.") var runs = 10_000
    @Option(help: "What the random numbers follow from.") var seed: UInt64 = 1
    @OptionGroup var options: BenchOptions

    func validate() throws {
        guard runs >= 1 else { throw ValidationError("at least one rollout is played") }
    }

    func run() throws {
        var figures = Figures("gate")
        figures.set("runs", to: runs)
        try tellErrors(&figures)
        try tellPower(&figures)
        try tellAttribution(&figures)
        try tellTime(&figures)
        figures.tell()
    }

    private func tellErrors(_ figures: inout Figures) throws {
        var random = SplitMix64(seed: seed)
        for (limit, rate) in [("1", 0.01), ("2", 0.02), ("5", 0.05)] {
            let statistics = GateStatistics(gate: try Self.gate("\(limit)%"), runs: runs)
            figures.set(
                "limit_\(limit)_wrongly_stopped_percent",
                to: percent(
                    statistics.stops(failureRate: rate, within: 2000, using: &random)))
            figures.set(
                "limit_\(limit)_wrongly_proven_percent",
                to: percent(
                    statistics.proofs(failureRate: rate, within: 2000, using: &random)))
            let always = statistics.stops(failureRate: 1, within: 3, using: &random)
            figures.set("limit_\(limit)_always_failing_stopped_percent", to: percent(always))
        }
    }

    private func tellPower(_ figures: inout Figures) throws {
        var random = SplitMix64(seed: seed)
        let five = GateStatistics(gate: try Self.gate("5%"), runs: runs)
        figures.set(
            "limit_5_true_10_stopped_within_1000_percent",
            to: percent(five.stops(failureRate: 0.1, within: 1000, using: &random)))
        let two = GateStatistics(gate: try Self.gate("2%"), runs: runs)
        figures.set(
            "limit_2_true_4_stopped_within_2000_percent",
            to: percent(two.stops(failureRate: 0.04, within: 2000, using: &random)))
    }

    private func tellAttribution(_ figures: inout Figures) throws {
        let statistics = GateStatistics(gate: try Self.gate("2%"), runs: runs)
        let healthy = outcomes(statistics, failureRate: 0.02, hasBadStratum: false, within: 500)
        figures.set("uniform_wrongly_named_percent", to: percent(healthy) { !$0.named.isEmpty })
        let bad = outcomes(statistics, failureRate: 0.005, hasBadStratum: true, within: 400)
        figures.set("bad_board_named_percent", to: percent(bad, where: \.isRight))
        figures.set(
            "bad_board_rest_stopped_percent",
            to: percent(bad) {
                $0.namedAfter != nil && $0.stoppedAfter != nil
            })
    }

    private func outcomes(
        _ statistics: GateStatistics, failureRate: Double, hasBadStratum: Bool, within: Int
    ) -> [GateStatistics.Outcome] {
        var random = SplitMix64(seed: seed)
        let fleet = GateStatistics.Fleet(
            valueCounts: ["board_revision": 8, "carrier": 4, "site": 50],
            failureRate: failureRate, hasBadStratum: hasBadStratum)
        return statistics.outcomes(of: fleet, within: within, using: &random)
    }

    private func tellTime(_ figures: inout Figures) throws {
        let gate = try Self.gate("2%")
        let now = Instant(secondsSinceEpoch: 0)
        let decisions = 100_000
        var stops = 0
        let seconds = ProcessorTime.seconds {
            for number in 0..<decisions {
                let evidence = WaveEvidence(
                    proven: number, failures: FailureCounts([.health: number % 100]),
                    provenInWave: number, undecided: 1)
                let verdict = gate.verdict(
                    evidence, now: now, waveOpened: now, soak: .zero, reached: decisions)
                if case .stop = verdict { stops += 1 }
            }
        }
        guard stops > 0 else { throw BenchProblem.failed("the gate never stopped") }
        figures.set("decision_cpu_us", to: seconds / Double(decisions) * 1_000_000)
    }

    private func percent(_ reports: [Int?]) -> Double { percent(reports) { $0 != nil } }

    private func percent<Run>(_ runs: [Run], where holds: (Run) -> Bool) -> Double {
        Double(runs.count(where: holds)) / Double(runs.count) * 100
    }

    private static func gate(_ limit: String) throws -> GateSpec {
        let file = RolloutFile(
            rollout: "gateway-2.4.1", release: "acme-gateway 2.4.1", devices: "all",
            waves: [RolloutFile.Wave(name: "fleet", percent: "100%", soak: "10m")],
            gate: RolloutFile.Gate(maxFailureRate: limit, confidence: "95%"),
            limits: RolloutFile.Limits(concurrent: 1), expires: "1d")
        return try RolloutSpec(file).gate
    }
}
