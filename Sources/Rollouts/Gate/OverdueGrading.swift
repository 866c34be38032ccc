/// Decides whether the silence of updated devices is evidence against the release.
///
/// Devices go silent for many reasons, and those that were not updated in the same time show how
/// often. Of `n` updated devices `x` failed or are overdue, and `s` of `m` others went silent. The
/// release is acceptable as long as it adds no more than p0 to the silence θ of the others:
///
///     rate(θ) = 1 - (1 - p0)(1 - θ)
///     evidence = J(x, n) · J(s, m) / max over θ of L(x, n; rate(θ)) · L(s, m; θ)
///
/// `L` is the likelihood of Bernoulli trials and `J` its mean under Jeffreys' prior, the Beta(½, ½).
/// The numerator is a mixture fixed beforehand and the denominator never less than the likelihood
/// of the truth, so that the evidence ever reaches 1/α with a chance of α at most, however often one
/// looks and in whatever order devices report ("universal inference": Wasserman, Ramdas,
/// Balakrishnan, PNAS 117 (2020), section 8).
///
/// It only ever turns a stop into a hold. Overdue devices count as failures, as they would without
/// it, unless that stops the gate while their silence is not evidence: then they are undecided. No
/// overdue device counts as proven, and no wave opens that would not have opened anyway (P3). Where
/// devices go silent for other reasons, the chance of a wrong stop by silence is α at most,
/// beside the gate's α for failures that were reported.
public struct OverdueGrading: Sendable {
    private let gate: GateSpec
    private let harm: EvidenceMixture

    public init(gate: GateSpec) {
        self.gate = gate
        harm = EvidenceMixture.harm(allowedRate: gate.maxFailureRate)
    }

    private var allowedRate: Double { gate.maxFailureRate }

    /// Devices that were offered the release, counted since the last forgiveness.
    public struct Updated: Hashable, Sendable {
        public let proven: Int
        public let failed: Int
        public let overdue: Int

        public init(proven: Int, failed: Int, overdue: Int) {
            precondition(
                proven >= 0 && failed >= 0 && overdue >= 0, "devices are counted from 0")
            self.proven = proven
            self.failed = failed
            self.overdue = overdue
        }

        var bad: Int { failed + overdue }
        var count: Int { proven + bad }
    }

    /// Devices that were offered nothing and were alive when the updated ones got their offers.
    public struct Control: Hashable, Sendable {
        public let silent: Int
        public let count: Int

        public init(silent: Int, count: Int) {
            precondition(0 <= silent && silent <= count, "the silent are among those watched")
            self.silent = silent
            self.count = count
        }
    }

    /// What overdue devices count as.
    public enum Grade: Hashable, Sendable {
        /// All of them failed.
        case failed(Int)
        /// All of them are undecided.
        case undecided(Int)
    }

    /// What the overdue devices count as now.
    ///
    /// Where no other is silent nothing excuses silence, and it counts as failure.
    public func grade(_ updated: Updated, beside control: Control) -> Grade {
        let stops = harm.logarithm(failures: updated.bad, decided: updated.count)
        guard control.silent > 0, stops >= gate.sufficientEvidence,
            evidenceOfHarm(updated, beside: control) < gate.sufficientEvidence
        else { return .failed(updated.overdue) }
        return .undecided(updated.overdue)
    }

    /// The natural logarithm of the evidence that the release adds more than the allowed rate.
    public func evidenceOfHarm(_ updated: Updated, beside control: Control) -> Double {
        let (bad, count) = (updated.bad, updated.count)
        let expected = likeliestSilence(bad, of: count, beside: control)
        let expectedOfUpdated = 1 - (1 - allowedRate) * (1 - expected)
        guard Double(bad) > expectedOfUpdated * Double(count) else { return 0 }
        return Self.mixture(bad, of: count) + Self.mixture(control.silent, of: control.count)
            - Self.likelihood(bad, of: count, rate: expectedOfUpdated)
            - Self.likelihood(control.silent, of: control.count, rate: expected)
    }

    /// The θ that makes the denominator largest.
    ///
    /// Its logarithm is concave, and its slope is 0 at the one root of
    /// `a·θ² + b·θ - s·p0 = 0` that is not negative.
    private func likeliestSilence(_ bad: Int, of count: Int, beside control: Control) -> Double {
        let silent = Double(control.silent)
        let heard = Double(control.count - control.silent + count - bad)
        let kept = 1 - allowedRate
        let a = kept * Double(control.count + count)
        guard a > 0 else { return 0 }
        let b = allowedRate * (heard + silent) - kept * (silent + Double(bad))
        let c = silent * allowedRate
        let root = Logarithm.squareRoot(b * b + 4 * a * c)
        // Of two forms of the same root, the one that does not cancel.
        return min(1, b > 0 ? 2 * c / (root + b) : (root - b) / (2 * a))
    }

    /// `J`: the mean of the likelihood under Jeffreys' prior.
    private static func mixture(_ count: Int, of all: Int) -> Double {
        Logarithm.gamma(Double(count) + 0.5) + Logarithm.gamma(Double(all - count) + 0.5)
            - Logarithm.gamma(Double(all) + 1) - logarithmOfPi
    }

    private static let logarithmOfPi = 1.1447298858494002

    /// `L`; a rate of 0 or 1 is only asked about where it is the truth of the counts.
    private static func likelihood(_ count: Int, of all: Int, rate: Double) -> Double {
        let hits = count == 0 ? 0 : Double(count) * Logarithm.natural(rate)
        let misses = count == all ? 0 : Double(all - count) * Logarithm.natural(1 - rate)
        return hits + misses
    }
}
