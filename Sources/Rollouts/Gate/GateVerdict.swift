public import Model

/// What a gate says of the open wave.
public enum GateVerdict: Hashable, Sendable {
    /// There is evidence of harm.
    case stop(failures: Int, decided: Int)
    /// There is evidence of harm in a class of failures that is counted by itself.
    case stopClass(FailureClass, failures: Int, decided: Int)
    /// Somebody outside says that the wave does harm.
    case stopOutside(name: CheckName, detail: String)
    /// The wave stays as it is, for the first of the reasons that apply.
    case hold(HoldReason)
    /// The next wave may open; after the last, the rollout is complete.
    case promote

    public enum HoldReason: Hashable, Sendable {
        case soaking(until: Instant)
        case tooFewConfirmed(have: Int, need: Int)
        /// At least as many devices failed as are proven, though too few to be sure of anything.
        case mostlyFailed(failed: Int, proven: Int)
        /// Silent devices would stop the wave, but others are as silent that were offered nothing.
        case silentElsewhere(overdue: Int, silent: Int, of: Int)
        /// Devices that may still prove the release or fail.
        case undecided(Int)
        /// Likelihood ratios: how much better the reports agree with a healthy release.
        case noEvidenceOfHealth(have: Double, need: Double)
        /// Somebody outside has not said that the wave may pass.
        case outsideUnknown(name: CheckName, reason: String)
        /// Nobody but perhaps the author has approved.
        case notApproved
    }
}

extension GateVerdict: CustomStringConvertible {
    public var description: String {
        switch self {
        case .stop(let failures, let decided):
            "stop: \(failures) of \(decided) devices failed, more than the gate accepts"
        case .stopClass(let kind, let failures, let decided):
            "stop: \(failures) of \(decided) devices failed (\(kind.rawValue)),"
                + " more than the gate accepts"
        case .stopOutside(let name, let detail): "stop: check \(name) failed: \(detail)"
        case .hold(let reason): "hold: \(reason)"
        case .promote: "promote"
        }
    }
}

extension GateVerdict.HoldReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .soaking(let end): "soaking until \(end)"
        case .tooFewConfirmed(let have, let need): "\(have) devices are proven, \(need) are needed"
        case .mostlyFailed(let failed, let proven):
            "\(failed) devices failed and \(proven) are proven; an operator has to decide"
        case .silentElsewhere(let overdue, let silent, let others):
            "\(overdue) updated devices are silent, and so are \(silent) of \(others) that were"
                + " offered nothing; it waits for them, or for an operator"
        case .undecided(let count):
            (count < WaveEvidence.mostUntried ? "" : "at least ")
                + "\(count) \(count == 1 ? "device has" : "devices have") neither proven it nor"
                + " failed"
        case .noEvidenceOfHealth(let have, let need):
            "evidence of health is \(Self.rounded(have)), \(Self.rounded(need)) is needed"
        case .outsideUnknown(let name, let reason): "check \(name) is unknown: \(reason)"
        case .notApproved: "somebody other than the author has to approve (`rollout approve`)"
        }
    }

    /// One decimal is enough to see it grow, and a ratio that large needs none.
    private static func rounded(_ ratio: Double) -> Double {
        guard ratio > 0, ratio < 1e12 else { return ratio }
        return Double(Int(ratio * 10 + 0.5)) / 10
    }
}
