public import Model

/// Something that happened, as told to ``RolloutPlan/transition(from:on:)``.
public enum RolloutEvent: Hashable, Sendable {
    case start(at: Instant)
    /// A look at the open wave, as often as one likes.
    case tick(at: Instant, WaveEvidence)
    case pause
    case resume(at: Instant)
    case abort(RolloutState.AbortReason)
}

/// What is known of a rollout's devices at one moment.
///
/// A device counts once. Which devices an open wave reaches is a matter of ``RolloutPlan/wave(of:bucket:in:)``
/// while they are undecided; a decided device keeps counting though the selector may no longer pick it.
public struct WaveEvidence: Hashable, Sendable {
    /// Devices of the whole rollout so far that have proven the release.
    public let proven: Int
    /// Devices of the whole rollout so far that failed, were rolled back, or are overdue.
    public let failed: Int
    /// Proven devices that the open wave or one before it reaches.
    public let provenInWave: Int
    /// Candidates that the open wave reaches, that are alive or hold a lease, and that have neither
    /// proven the release nor failed.
    public let undecided: Int
    /// Whether somebody other than the author has approved the open wave since it opened.
    public let isApproved: Bool
    /// The newest answer of each outside check that was asked about the wave while it was open.
    public let outside: [CheckName: AskedAnswer]

    public init(
        proven: Int, failed: Int, provenInWave: Int, undecided: Int, isApproved: Bool = false,
        outside: [CheckName: AskedAnswer] = [:]
    ) {
        precondition(
            proven >= 0 && failed >= 0 && provenInWave >= 0 && undecided >= 0,
            "devices are counted from 0")
        self.proven = proven
        self.failed = failed
        self.provenInWave = provenInWave
        self.undecided = undecided
        self.isApproved = isApproved
        self.outside = outside
    }
}

/// Something the caller has to make true in the world after storing the new state.
public enum RolloutEffect: Hashable, Sendable {
    /// Devices of `wave` and of all before it are to be offered the release.
    case offer(upTo: Int)
    /// No further device is to be offered the release.
    case stopOffering
    /// No further device is to be offered the release, and open offers are taken back.
    case withdraw
}

/// What an event makes of a rollout.
public struct Transition: Hashable, Sendable {
    public let state: RolloutState
    public let effects: [RolloutEffect]

    public init(state: RolloutState, effects: [RolloutEffect]) {
        self.state = state
        self.effects = effects
    }
}

/// An event that makes no sense in the state the rollout is in.
public struct IllegalTransition: Error, Hashable, Sendable {
    public let state: RolloutState
    public let event: RolloutEvent

    public init(state: RolloutState, event: RolloutEvent) {
        self.state = state
        self.event = event
    }
}

extension IllegalTransition: CustomStringConvertible {
    public var description: String { "cannot \(event.verb) a rollout that is \(state)" }
}

extension RolloutEvent {
    fileprivate var verb: String {
        switch self {
        case .start: "start"
        case .tick: "look at"
        case .pause: "pause"
        case .resume: "resume"
        case .abort: "abort"
        }
    }
}
