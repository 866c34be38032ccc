public import Model

/// Where a rollout is, with exactly the facts that mean something there.
///
/// Waves are counted from 0. `started` is the moment of the first start, and its lifetime counts
/// from there through every pause.
public enum RolloutState: Hashable, Sendable {
    /// Written down but not started; no device is offered anything.
    case draft
    /// Devices inside `wave` are offered the release; the wave opened at `since`.
    case running(wave: Int, since: Instant, started: Instant)
    /// No new offers. Resuming re-opens `wave` from the beginning of its soak.
    case paused(wave: Int, PauseReason, started: Instant)
    /// The last wave held its gate; every wave stays open for devices that come late.
    case completed(at: Instant)
    /// Stopped, and the devices that have the release go back by another rollout.
    case reverting(by: RolloutName)
    /// Stopped for good, and withdrawn from devices that have not installed it.
    case aborted(AbortReason)

    public enum PauseReason: Hashable, Sendable {
        case operatorRequest
        /// The gate's evidence of harm: of `decided` devices, counted since the last forgiveness.
        case failureLimit(failures: Int, decided: Int)
        /// The same in one class of failures that is counted by itself.
        case classLimit(FailureClass, failures: Int, decided: Int)
        /// Somebody outside said that the wave does harm; resuming asks anew.
        case outsideCheck(name: CheckName, detail: String)
    }

    public enum AbortReason: Hashable, Sendable {
        case operatorRequest
        /// The rollout had not completed when its lifetime was over.
        case expired
        /// The release is not published any more.
        case releaseWithdrawn
        /// Another rollout took its place.
        case superseded(by: RolloutName)
        /// The devices went back by another rollout.
        case reverted(by: RolloutName)
    }
}

extension RolloutState: CustomStringConvertible {
    /// One clause for an operator, who counts waves from 1.
    public var description: String {
        switch self {
        case .draft: "not started"
        case .running(let wave, let since, _): "running wave \(wave + 1) since \(since)"
        case .paused(let wave, let reason, _): "paused in wave \(wave + 1): \(reason)"
        case .completed(let moment): "completed at \(moment)"
        case .reverting(let other): "being reverted by rollout \(other)"
        case .aborted(let reason): "aborted: \(reason)"
        }
    }
}

extension RolloutState.PauseReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .operatorRequest: "an operator asked for it"
        case .failureLimit(let failures, let decided):
            "\(failures) of \(decided) devices failed, more than the gate accepts"
        case .classLimit(let kind, let failures, let decided):
            "\(failures) of \(decided) devices failed (\(kind.rawValue)),"
                + " more than the gate accepts"
        case .outsideCheck(let name, let detail): "check \(name) failed: \(detail)"
        }
    }

    /// Whether the gate's evidence of harm is the reason, which resuming sets aside.
    public var isHarm: Bool {
        switch self {
        case .operatorRequest, .outsideCheck: false
        case .failureLimit, .classLimit: true
        }
    }
}

extension RolloutState.AbortReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .operatorRequest: "an operator asked for it"
        case .expired: "its lifetime was over"
        case .releaseWithdrawn: "the release was withdrawn"
        case .superseded(let other): "rollout \(other) took its place"
        case .reverted(let other): "rollout \(other) took the devices back"
        }
    }
}
