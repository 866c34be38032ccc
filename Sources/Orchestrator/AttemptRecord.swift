public import Model
public import Rollouts

/// What one device has made of one rollout, by its newest try that was not taken back.
///
/// Tries are counted from 1. What has been forgiven is remembered as the try up to which it was,
/// so that a later try of the same device is news again.
public struct AttemptRecord: Hashable, Sendable {
    public var rollout: RolloutName
    public var device: DeviceID
    /// The first wave that reached the device when it was tried last.
    public var wave: Int
    public var standing: Standing
    public var tries: Int
    public var lastFailure: LastFailure?
    /// The try up to which it is evidence of the last stop; 0 for none.
    public var notedTry: Int
    /// The try up to which it counts no more; 0 for none.
    public var forgivenTry: Int
    /// An operator's word that the device may be tried once more; `nil` for none.
    public var grant: Grant?
    /// What the device ran when it was first tried; `nil` while that was unknown.
    public var cameFrom: ReleaseID?

    /// Holds for the failure of one try.
    public struct Grant: Hashable, Sendable {
        public var tryNumber: Int
        public var at: Instant

        public init(tryNumber: Int, at: Instant) {
            self.tryNumber = tryNumber
            self.at = at
        }
    }

    public enum Standing: String, Hashable, Sendable, CaseIterable {
        /// The device holds a lease.
        case open
        case proven
        case failed
    }

    /// The newest failure.
    public struct LastFailure: Hashable, Sendable {
        public var kind: FailureClass
        /// Which try it ended.
        public var tryNumber: Int
        public var at: Instant
        /// When it begins to count for the gate; `nil` while the device is tried again.
        public var countsFrom: Instant?

        public init(kind: FailureClass, tryNumber: Int, at: Instant, countsFrom: Instant?) {
            self.kind = kind
            self.tryNumber = tryNumber
            self.at = at
            self.countsFrom = countsFrom
        }
    }

    public init(
        rollout: RolloutName, device: DeviceID, wave: Int, standing: Standing, tries: Int,
        lastFailure: LastFailure?, notedTry: Int, forgivenTry: Int, grant: Grant? = nil,
        cameFrom: ReleaseID?
    ) {
        self.rollout = rollout
        self.device = device
        self.wave = wave
        self.standing = standing
        self.tries = tries
        self.lastFailure = lastFailure
        self.notedTry = notedTry
        self.forgivenTry = forgivenTry
        self.grant = grant
        self.cameFrom = cameFrom
    }
}

extension AttemptRecord {
    /// The first try of a device.
    init(_ rollout: RolloutName, _ device: DeviceFacts, wave: Int) {
        self.init(
            rollout: rollout, device: device.id, wave: wave, standing: .open, tries: 1,
            lastFailure: nil, notedTry: 0, forgivenTry: 0, cameFrom: device.release)
    }

    /// The device has a lease once more.
    mutating func tryAgain(in wave: Int) {
        self.wave = wave
        tries += 1
        standing = .open
        // A device that never left its old image is undecided while it tries again.
        if let failure = lastFailure, failure.countsFrom != failure.at {
            lastFailure?.countsFrom = nil
        }
    }

    mutating func prove() { standing = .proven }

    /// - Parameter spec: `nil` for a rollout that cannot be read; what fails then counts at once.
    mutating func fail(_ kind: FailureClass, at moment: Instant, under spec: RolloutSpec?) {
        standing = .failed
        let countsFrom = spec.map {
            $0.retries.counts(
                from: kind, at: moment, tries: tries, overdueAfter: $0.gate.overdueAfter)
        }
        lastFailure = LastFailure(
            kind: kind, tryNumber: tries, at: moment, countsFrom: countsFrom ?? moment)
    }

    /// The attempt without its newest try, which was taken back; `nil` when that was the first.
    func withoutNewestTry(under spec: RolloutSpec?) -> AttemptRecord? {
        guard tries > 1, let failure = lastFailure else { return nil }
        var earlier = self
        earlier.tries -= 1
        earlier.fail(failure.kind, at: failure.at, under: spec)
        return earlier
    }

    /// What admission asks for.
    public var attempt: Attempt {
        switch (standing, lastFailure) {
        case (.open, _): .underWay
        case (.proven, _): .proven
        case (.failed, let failure?) where grant?.tryNumber == tries: .granted(failure.kind)
        case (.failed, let failure?): .failed(failure.kind, at: failure.at, tries: tries)
        case (.failed, nil): preconditionFailure("a failed attempt has a failure")
        }
    }
}
