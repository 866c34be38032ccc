public import Model

/// Something that happened, as told to ``RolloutPlan/transition(from:on:)``.
public enum RolloutEvent: Hashable, Sendable {
    case start(at: Instant)
    /// A look at the open wave, as often as one likes.
    case tick(at: Instant, WaveEvidence)
    case pause
    case resume(at: Instant)
    /// Devices that were kept out, because their kind failed, are let in.
    case letIn(at: Instant)
    case abort(RolloutState.AbortReason)
    /// Another rollout brings the devices back.
    case revert(by: RolloutName)
    /// The rollout that brings the devices back is complete.
    case reverted
}

/// Something the caller has to make true in the world after storing the new state.
public enum RolloutEffect: Hashable, Sendable {
    /// Devices of `wave` and of all before it are to be offered the release.
    case offer(upTo: Int)
    /// No further device is to be offered the release.
    case stopOffering
    /// No further device is to be offered the release, and open offers are taken back.
    case withdraw
    /// The decided devices are the evidence of this pause, to be told from later ones.
    case noteEvidence
    /// What the last noted evidence consists of counts no more: somebody has seen it.
    case forgiveNoted
    /// The devices that have the release are to go back, if they can.
    case beginRevert
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
        case .letIn: "let devices into"
        case .abort: "abort"
        case .revert: "revert"
        case .reverted: "end the revert of"
        }
    }
}
