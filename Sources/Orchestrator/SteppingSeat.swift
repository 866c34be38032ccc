internal import Synchronization

/// What one server knows of the lease, measured by its own monotonic clock.
///
/// No two machines' clocks are compared, so it does not matter what they show, nor that somebody
/// sets one. What is believed here may be wrong after a pause; what is stored is guarded by the
/// ``SteppingRight`` alone.
public final class SteppingSeat: Sendable {
    /// A holder tells that it is alive as soon as so much has passed.
    public static let beatPeriod = Duration.seconds(2)
    /// Who has not been heard of for so long is taken for dead, by others and by itself.
    public static let patience = Duration.seconds(6)
    /// How often the seat is to be tended: from the last beat of a dead server to the next holder
    /// it takes ``patience`` and twice this at most.
    public static let lookPeriod = Duration.milliseconds(500)

    public let server: SteppingServer
    private let monotonic: @Sendable () -> Duration
    private let hasEnded: @Sendable (SteppingServer) -> Bool
    private let state = Mutex(State())

    private struct State {
        /// What this server was given last, and has not lost as far as it knows.
        var right: SteppingRight?
        /// When it began to store the newest beat that was stored.
        var heard = Duration.zero
        /// Another's lease, and since when it looks like that.
        var seen: (lease: SteppingLease, since: Duration)?
    }

    /// - Parameters:
    ///   - monotonic: A clock that nobody sets, and that goes on while the process is paused.
    ///   - hasEnded: Whether that process certainly runs no more; `false` where nobody can tell.
    public init(
        server: SteppingServer, monotonic: @escaping @Sendable () -> Duration,
        hasEnded: @escaping @Sendable (SteppingServer) -> Bool = { _ in false }
    ) {
        self.server = server
        self.monotonic = monotonic
        self.hasEnded = hasEnded
    }

    /// By what this server may step now; `nil` when another does or may do so.
    ///
    /// A server that could not tell for long that it is alive stops before another begins.
    public var right: SteppingRight? {
        let now = monotonic()
        return state.withLock { now - $0.heard < Self.patience ? $0.right : nil }
    }

    // MARK: for whoever tends it

    enum Move: Hashable {
        case rest
        case beat(SteppingRight)
        case look
    }

    var move: Move {
        let now = monotonic()
        return state.withLock { state in
            guard let right = state.right else { return .look }
            return now - state.heard < Self.beatPeriod ? .rest : .beat(right)
        }
    }

    var moment: Duration { monotonic() }

    /// What was not lost as far as this server knows, though it may not go by it.
    var lastRight: SteppingRight? { state.withLock { $0.right } }

    /// - Parameter begin: Taken before it was stored: others count from later on.
    func note(_ right: SteppingRight, storedAt begin: Duration) {
        state.withLock { $0 = State(right: right, heard: begin, seen: nil) }
    }

    func lose() { state.withLock { $0 = State() } }

    /// Nobody can tell what happened to the lease while it could not be looked at.
    func forgetWhatWasSeen() { state.withLock { $0.seen = nil } }

    /// Whether nobody else steps, as far as one can see.
    func mayTake(_ lease: SteppingLease?) -> Bool {
        guard let lease, let holder = lease.holder else { return true }
        // An answer that was lost may have been that we hold it.
        if holder.id == server.id || hasEnded(holder) { return true }
        let now = monotonic()
        return state.withLock { state in
            if let seen = state.seen, seen.lease == lease {
                return now - seen.since >= Self.patience
            }
            state.seen = (lease, now)
            return false
        }
    }
}
