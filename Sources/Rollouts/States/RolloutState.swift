public import Model

/// Where a rollout is, with exactly the facts that mean something there.
///
/// Waves are counted from 0. `started` is the moment of the first start, and its lifetime counts
/// from there through every pause.
public enum RolloutState: Hashable, Sendable {
    /// Written down but not started; no device is offered anything.
    case draft
    /// Devices inside `wave` are offered the release; the wave opened at `since`.
    case running(wave: Int, since: Instant, started: Instant, forgiven: Forgiven)
    /// No new offers. Resuming re-opens `wave` from the beginning of its soak.
    case paused(wave: Int, PauseReason, started: Instant, forgiven: Forgiven)
    /// The last wave held its gate; every wave stays open for devices that come late.
    case completed(at: Instant)
    /// Stopped for good, and withdrawn from devices that have not installed it.
    case aborted(AbortReason)

    public enum PauseReason: Hashable, Sendable {
        case operatorRequest
        /// The gate's evidence of harm: of `decided` devices, counted since the last forgiveness.
        case failureLimit(failures: Int, decided: Int)
        /// Somebody outside said that the wave does harm; resuming asks anew.
        case outsideCheck(name: CheckName, detail: String)
    }

    public enum AbortReason: Hashable, Sendable {
        case operatorRequest
        /// The rollout had not completed when its lifetime was over.
        case expired
        /// The release is not published any more.
        case releaseWithdrawn
    }

    /// The evidence that an operator has seen and set aside by resuming after a failure limit.
    ///
    /// Without it the same failures would stop the rollout again at once.
    public struct Forgiven: Hashable, Sendable {
        public let proven: Int
        public let failed: Int

        public init(proven: Int, failed: Int) {
            precondition(proven >= 0 && failed >= 0, "devices are counted from 0")
            self.proven = proven
            self.failed = failed
        }

        public static let nothing = Forgiven(proven: 0, failed: 0)
    }
}

extension RolloutState: CustomStringConvertible {
    /// One clause for an operator, who counts waves from 1.
    public var description: String {
        switch self {
        case .draft: "not started"
        case .running(let wave, let since, _, _): "running wave \(wave + 1) since \(since)"
        case .paused(let wave, let reason, _, _): "paused in wave \(wave + 1): \(reason)"
        case .completed(let moment): "completed at \(moment)"
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
        case .outsideCheck(let name, let detail): "check \(name) failed: \(detail)"
        }
    }
}

extension RolloutState.AbortReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .operatorRequest: "an operator asked for it"
        case .expired: "its lifetime was over"
        case .releaseWithdrawn: "the release was withdrawn"
        }
    }
}
