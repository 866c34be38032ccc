public import Model

/// What one rollout has for one device now, with the rule that decided.
public enum AdmissionDecision: Hashable, Sendable {
    /// The device may be given a lease; `wave` is the first that reaches it.
    case offer(wave: Int, PlannedImage)
    case no(AdmissionRefusal)
}

/// What a device has made of a rollout by its newest try.
public enum Attempt: Hashable, Sendable {
    /// The device holds a lease.
    case underWay
    case proven
    /// It was tried so often, this failure included.
    case failed(FailureClass, at: Instant, tries: Int)
    /// It failed, and an operator lets it try once more.
    case granted(FailureClass)
}

/// The rule for which a device is not offered a release, in the order in which they are asked.
public enum AdmissionRefusal: Hashable, Sendable {
    case notRunning(RolloutState)
    /// A newer rollout is done with the device, and no older one has a say any more.
    case settledByNewer(RolloutName)
    /// The device has its offer already.
    case holdsLease
    case attemptProven
    /// It failed, and is not tried again.
    case attemptFailed(FailureClass)
    /// It failed, and is tried again from this moment on.
    case retryNotDue(FailureClass, until: Instant)
    case ineligible(Ineligibility)
    case inNoWave
    /// The wave with this number, from 0, will reach the device.
    case waveNotOpen(opens: Int)
    /// Devices of this kind failed, and others did not.
    case stratumPaused(Stratum)
    /// As many devices as may hold a lease at once do.
    case capReached(limit: Int)
    case limited(LimitRefusal)
}

extension AdmissionRefusal {
    /// What a device waits for that a limit keeps back.
    public enum Awaited: Hashable, Sendable {
        case moment(Instant)
        /// That another device gives a place back.
        case place
    }

    /// `nil` where no limit is the reason, or nobody can tell.
    public var waitsFor: Awaited? {
        switch self {
        case .notRunning, .settledByNewer, .holdsLease, .attemptProven, .attemptFailed, .ineligible,
            .stratumPaused, .inNoWave, .waveNotOpen:
            nil
        case .retryNotDue(_, let moment): .moment(moment)
        case .capReached: .place
        case .limited(let refusal): refusal.waitsFor
        }
    }
}

extension LimitRefusal {
    fileprivate var waitsFor: AdmissionRefusal.Awaited? {
        switch self {
        case .windowClosed(let opens): opens.map { .moment($0) }
        case .rateReached(_, let moment), .egressReached(_, let moment): .moment(moment)
        case .windowUnknown, .imageExceedsEgress: nil
        case .shareReached, .partnerHoldsLease: .place
        }
    }
}

extension AdmissionRefusal: CustomStringConvertible {
    /// One clause for an operator who asks why; waves are counted from 1.
    public var description: String {
        switch self {
        case .notRunning(let state): "the rollout is \(state)"
        case .settledByNewer(let name): "the newer rollout \(name) is done with it"
        case .holdsLease: "it has been offered the release and has not answered yet"
        case .attemptProven: "it has already proven the release in this rollout"
        case .attemptFailed(let kind): "it has already failed in this rollout (\(kind.rawValue))"
        case .retryNotDue(let kind, let moment):
            "it failed (\(kind.rawValue)) and is tried again from \(moment) on"
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
