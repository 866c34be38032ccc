internal import Audit
internal import Trust

/// What became of the lease when a server looked after it.
public enum SteppingChange: Hashable, Sendable {
    case none
    /// This server steps from now on; the lease was `from`'s unless it was given up.
    case took(SteppingRight, from: SteppingServer?)
    /// Another server steps, or will.
    case lost(to: SteppingServer?)
}

/// One server at a time steps rollouts, asks outside checks and delivers events.
///
/// Every server answers devices and people all the same. That the others do not step is no matter of
/// limits, which every transaction counts for itself; it keeps rollouts from being looked at, and
/// others from being asked, once for each server.
extension Orchestrator {
    /// Tells that this server is alive where it holds the lease, and takes the lease where nobody
    /// does; to be called every ``SteppingSeat/lookPeriod``.
    ///
    /// It is not a change of the fleet: the log does not tell of it, and nobody is woken.
    public func tend(_ seat: SteppingSeat) async throws(Refusal) -> SteppingChange {
        switch seat.move {
        case .rest: return .none
        case .beat(let right): return try await beat(right, seat)
        case .look: return try await look(seat)
        }
    }

    /// Lets another server step at once.
    public func leave(_ seat: SteppingSeat) async throws(Refusal) {
        guard let right = seat.lastRight else { return }
        seat.lose()
        try await writeLease { store in
            guard var lease = try store.steppingLease(), lease.right == right else { return }
            lease.holder = nil
            try store.save(lease)
        }
    }

    /// Who steps rollouts; `nil` before the first server did.
    public func steppingLease() async throws(Refusal) -> SteppingLease? {
        try await read { try $0.steppingLease() }
    }

    private func beat(
        _ right: SteppingRight, _ seat: SteppingSeat
    ) async throws(Refusal) -> SteppingChange {
        let begin = seat.moment
        let other: SteppingLease?? = try await writeLease { store in
            let stored = try store.steppingLease()
            guard var lease = stored, lease.right == right else { return .some(stored) }
            lease.beat += 1
            try store.save(lease)
            return .none
        }
        guard let other else {
            seat.note(right, storedAt: begin)
            return .none
        }
        seat.lose()
        return .lost(to: other?.holder)
    }

    private func look(_ seat: SteppingSeat) async throws(Refusal) -> SteppingChange {
        let seen: SteppingLease?
        do { seen = try await steppingLease() } catch {
            seat.forgetWhatWasSeen()
            throw error
        }
        guard seat.mayTake(seen) else { return .none }
        let taken = SteppingLease(epoch: (seen?.epoch ?? 0) + 1, holder: seat.server, beat: 0)
        let begin = seat.moment
        let isTaken = try await writeLease { store in
            guard try store.steppingLease() == seen else { return false }
            try store.save(taken)
            return true
        }
        guard isTaken, let right = taken.right else { return .none }
        seat.note(right, storedAt: begin)
        return .took(right, from: seen?.holder)
    }

    private func writeLease<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws(Refusal) -> Answer {
        let pen = AuditPen(.server, at: now(), hashing: cryptography.hashing)
        do { return try await store.write(with: pen, body) } catch { throw .wrapping(error) }
    }
}
