public import Model

/// What one rollout has for one device now, with the rule that decided.
public enum AdmissionDecision: Hashable, Sendable {
    /// The device may be given a lease; `wave` is the first that reaches it.
    case offer(wave: Int, PlannedImage)
    case no(AdmissionRefusal)
}

/// What a device has already made of a rollout; a device has one attempt.
public enum Attempt: Hashable, Sendable {
    /// The device holds a lease.
    case underWay
    case proven
    case failed(FailureClass)
}

/// The rule for which a device is not offered a release, in the order in which they are asked.
public enum AdmissionRefusal: Hashable, Sendable {
    case notRunning(RolloutState)
    /// The device has its offer already.
    case holdsLease
    case attemptProven
    case attemptFailed(FailureClass)
    case ineligible(Ineligibility)
    /// Devices of this kind failed, and others did not.
    case stratumPaused(Stratum)
    case inNoWave
    /// The wave with this number, from 0, will reach the device.
    case waveNotOpen(opens: Int)
    /// As many devices as may hold a lease at once do.
    case capReached(limit: Int)
    case limited(LimitRefusal)
}

extension AdmissionRefusal: CustomStringConvertible {
    /// One clause for an operator who asks why; waves are counted from 1.
    public var description: String {
        switch self {
        case .notRunning(let state): "the rollout is \(state)"
        case .holdsLease: "it has been offered the release and has not answered yet"
        case .attemptProven: "it has already proven the release in this rollout"
        case .attemptFailed(let kind): "it has already failed in this rollout (\(kind.rawValue))"
        case .ineligible(let reason): "\(reason)"
        case .stratumPaused(let stratum):
            "the rollout is paused for devices with \(stratum), which fail"
        case .inNoWave: "no wave of the rollout reaches it"
        case .waveNotOpen(let wave): "it is reached by wave \(wave + 1), which is not open yet"
        case .capReached(let limit): "\(limit) devices are updating, which is the limit"
        case .limited(let refusal): "\(refusal)"
        }
    }
}
