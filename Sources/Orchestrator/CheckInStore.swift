public import Model
public import Rollouts

/// What every check-in asks, so that few questions answer it.
public protocol SearchReader {
    /// Of the rollouts, what is paused of them, and images; `nil` where nothing of the kind is
    /// remembered, as of an earlier moment.
    func rolloutsVersion() throws -> RolloutsVersion?
    /// What the device has made of each rollout that it was offered something of that stands.
    func attempts(of device: DeviceID) throws -> [RolloutName: Attempt]
}

public protocol CheckInReader {
    /// `nil` for a device that is not known.
    func publicKey(of device: DeviceID) throws -> Ed25519PublicKey?
}

public protocol CheckInWriter {
    /// Replaces `old`, which the transaction has read, by `device`.
    ///
    /// Only what differs is written: most check-ins say nothing but that the device is there.
    func save(_ device: DeviceRecord, replacing old: DeviceRecord?, at now: Instant) throws
}
