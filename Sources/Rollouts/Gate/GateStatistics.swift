/// How often the gate and the attribution are right, counted over many invented rollouts.
///
/// Each rollout is looked at after every report. The random numbers come in, so that the same
/// generator gives the same counts.
public struct GateStatistics: Sendable {
    private let gate: GateSpec
    private let runs: Int
    private let harm: EvidenceMixture
    private let health: EvidenceMixture

    public init(gate: GateSpec, runs: Int) {
        precondition(runs >= 1, "at least one rollout is played")
        self.gate = gate
        self.runs = runs
        harm = EvidenceMixture.harm(allowedRate: gate.maxFailureRate)
        health = EvidenceMixture.health(allowedRate: gate.maxFailureRate)
    }

    /// After how many reports the gate stopped each rollout; `nil` where it did not.
    public func stops(
        failureRate: Double, within reports: Int, using random: inout some RandomNumberGenerator
    ) -> [Int?] {
        // The evidence grows with the failures, so a table of the fewest stands for it.
        var fewest = 0
        let stopping = (0...reports).map { decided in
            while fewest <= decided, !stops(DecidedCount(proven: decided - fewest, failed: fewest))
            {
                fewest += 1
            }
            return fewest
        }
        return firstReports(failureRate, using: &random, within: reports) { $0 >= stopping[$1] }
    }

    /// After how many reports each rollout was proven healthy; `nil` where it was not.
    public func proofs(
        failureRate: Double, within reports: Int, using random: inout some RandomNumberGenerator
    ) -> [Int?] {
        // The evidence falls with the failures, so a table of the fewest that refute stands for it.
        var fewest = 0
        let refuting = (0...reports).map { decided in
            while fewest <= decided, proves(failures: fewest, decided: decided) { fewest += 1 }
            return fewest
        }
        return firstReports(failureRate, using: &random, within: reports) { $0 < refuting[$1] }
    }

    private func firstReports(
        _ failureRate: Double, using random: inout some RandomNumberGenerator,
        within reports: Int, where ends: (_ failures: Int, _ decided: Int) -> Bool
    ) -> [Int?] {
        (0..<runs).map { _ in
            var failures = 0
            for decided in 1...reports {
                if random.happens(failureRate) { failures += 1 }
                if ends(failures, decided) { return decided }
            }
            return nil
        }
    }

    private func proves(failures: Int, decided: Int) -> Bool {
        health.logarithm(failures: failures, decided: decided) >= gate.sufficientEvidence
    }

    private func stops(_ count: DecidedCount) -> Bool {
        harm.logarithm(failures: count.failed, decided: count.decided) >= gate.sufficientEvidence
    }
}

extension GateStatistics {
    /// Devices whose attributes are independent and whose values are equally frequent.
    public struct Fleet: Sendable {
        let strata: [[Stratum]]
        let failureRate: Double
        let bad: Stratum?

        /// - Parameters:
        ///   - valueCounts: How many values each attribute has; at least one.
        ///   - failureRate: Of the devices outside the bad stratum.
        ///   - hasBadStratum: Whether the devices with the first value of the first attribute
        ///     always fail.
        public init(
            valueCounts: KeyValuePairs<String, Int>, failureRate: Double, hasBadStratum: Bool
        ) {
            precondition(
                valueCounts.allSatisfy { $0.value >= 1 }, "each attribute has a value")
            strata = valueCounts.map { attribute, count in
                (0..<count).map { Stratum(attribute: attribute, value: "\($0)") }
            }
            self.failureRate = failureRate
            bad = hasBadStratum ? strata.first?.first : nil
        }
    }

    /// What became of one rollout.
    public struct Outcome: Hashable, Sendable {
        /// The strata in the order in which they were named.
        public internal(set) var named: [Stratum] = []
        /// After how many reports the first stratum was named.
        public internal(set) var namedAfter: Int?
        /// After how many reports the gate stopped what was left.
        public internal(set) var stoppedAfter: Int?
        /// Whether only the bad stratum was named.
        public internal(set) var isRight = true
    }

    /// Plays rollouts in which strata are named first and the gate is asked about the rest.
    ///
    /// Devices of a named stratum report no more.
    public func outcomes(
        of fleet: Fleet, within reports: Int, using random: inout some RandomNumberGenerator
    ) -> [Outcome] {
        let attribution = FailureAttribution(
            gate: gate, pairCount: fleet.strata.reduce(0) { $0 + $1.count })
        return (0..<runs).map { _ in
            var reported = Reported()
            var outcome = Outcome()
            for report in 1...reports {
                reported.add(fleet.device(using: &random))
                while case let found = attribution.findings(in: reported.devices), !found.isEmpty {
                    outcome.namedAfter = outcome.namedAfter ?? report
                    outcome.named += found.map(\.stratum)
                    reported.leaveOut(found.map(\.stratum))
                }
                guard !stops(reported.devices.total) else {
                    outcome.stoppedAfter = report
                    break
                }
            }
            outcome.isRight = outcome.named == [fleet.bad].compactMap { $0 }
            return outcome
        }
    }

    /// A device that has proven the release or failed.
    fileprivate struct Device {
        let strata: [Stratum]
        let failed: Bool
    }

    /// What is known of one rollout.
    private struct Reported {
        private var all: [Device] = []
        private var named: [Stratum] = []
        private var total = DecidedCount(proven: 0, failed: 0)
        private var strata: [Stratum: DecidedCount] = [:]

        var devices: DecidedDevices { DecidedDevices(total: total, strata: strata) }

        mutating func add(_ device: Device) {
            guard !device.strata.contains(where: named.contains) else { return }
            all.append(device)
            total = total.with(device)
            for stratum in device.strata {
                let count = strata[stratum] ?? DecidedCount(proven: 0, failed: 0)
                strata[stratum] = count.with(device)
            }
        }

        mutating func leaveOut(_ found: [Stratum]) {
            let kept = all
            self = Reported(named: named + found)
            for device in kept { add(device) }
        }

        init(named: [Stratum] = []) { self.named = named }
    }
}

extension GateStatistics.Fleet {
    fileprivate func device(
        using random: inout some RandomNumberGenerator
    ) -> GateStatistics.Device {
        let values = strata.map { $0[Int(random.next(upperBound: UInt($0.count)))] }
        let isBad = bad.map(values.contains) ?? false
        return GateStatistics.Device(
            strata: values, failed: isBad || random.happens(failureRate))
    }
}

extension DecidedCount {
    fileprivate func with(_ device: GateStatistics.Device) -> DecidedCount {
        DecidedCount(
            proven: proven + (device.failed ? 0 : 1), failed: failed + (device.failed ? 1 : 0))
    }
}

extension RandomNumberGenerator {
    fileprivate mutating func happens(_ chance: Double) -> Bool {
        Double(next() >> 11) * 0x1p-53 < chance
    }
}
