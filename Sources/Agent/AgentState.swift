public import Model
public import Trust

/// Everything that the agent remembers between two starts.
public struct AgentState: Hashable, Sendable {
    /// Where an update of this device is.
    public var phase: AgentPhase
    /// Of the newest check-in that was ever sent.
    public var lastSequence: Int64
    /// Whether the server has answered, so that the enrolment token need not be shown again.
    public var isEnrolled: Bool
    /// The device's key that the server has answered; `nil` where an older agent noted none.
    public var enrolledKey: Ed25519PublicKey?
    /// Whether the server has said that this device left the fleet.
    public var isRetired: Bool
    /// What became of the wipe that the server has demanded; `nil` when it demands none.
    public var wipe: Wipe?
    /// The attributes of the last check-in that was answered.
    public var reportedAttributes: Attributes?
    /// The highest rank of each product that this device ever confirmed.
    public var newestConfirmed: [ReleaseName: ReleaseRank]
    /// Before which the trust rules do not believe the clock.
    public var timeFloor: TimeFloor
    /// Until when somebody at the device has put off the restart into a new image.
    public var deferredUntil: Instant?
    /// Whether an agent from after this one has written it, so that its phase was left alone.
    public var isOfNewerAgent = false

    /// How far a retired device is with erasing itself.
    public enum Wipe: Hashable, Sendable {
        /// The device's own program is to be run, again after a power cut.
        case demanded
        case done
        case failed(String)
    }

    /// Of a device that has never spoken.
    public static let new = AgentState(
        phase: .idle, lastSequence: 0, isEnrolled: false, isRetired: false,
        reportedAttributes: nil, newestConfirmed: [:],
        timeFloor: TimeFloor(earliest: Instant(secondsSinceEpoch: 0)))
}
