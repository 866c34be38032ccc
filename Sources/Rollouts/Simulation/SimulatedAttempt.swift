internal import Model

/// What one device has made of a simulated rollout, by its newest try.
///
/// The rules are those of the server's record of attempts; moments are seconds after the start.
struct SimulatedAttempt {
    private(set) var standing = Standing.untried
    /// The wave in which the device got its newest lease.
    private(set) var wave: UInt8 = 0
    private(set) var tries: UInt8 = 0
    /// The class of the newest failure; `nil` before the first.
    private(set) var kind: FailureClass?
    private(set) var failed: Int64 = 0
    /// When the newest failure begins to count; ``DeviceSchedule/never`` while it is tried again.
    private(set) var countsFrom = DeviceSchedule.never
    private(set) var issued: Int64 = 0

    enum Standing: UInt8 {
        case untried
        /// The device holds a lease.
        case open
        case proven
        case failed
    }

    mutating func begin(in wave: Int, at now: Int64) {
        self.wave = UInt8(wave)
        tries += 1
        issued = now
        standing = .open
        // A device that never left its old image is undecided while it tries again.
        if kind != nil, countsFrom != failed { countsFrom = DeviceSchedule.never }
    }

    mutating func prove() { standing = .proven }

    mutating func fail(_ kind: FailureClass, at now: Int64, under simulation: RolloutSimulation) {
        standing = .failed
        self.kind = kind
        failed = now
        let spec = simulation.plan.spec
        countsFrom = simulation.seconds(
            until: spec.retries.counts(
                from: kind, at: simulation.instant(now), tries: Int(tries),
                overdueAfter: spec.gate.overdueAfter))
    }

    /// The newest try is taken back, and the device stands as it did before.
    mutating func withdraw(under simulation: RolloutSimulation) {
        tries -= 1
        guard tries > 0, let kind else { return standing = .untried }
        fail(kind, at: failed, under: simulation)
    }

    /// When the device may be tried again; `nil` when it may not.
    func nextTry(under simulation: RolloutSimulation) -> Int64? {
        guard standing == .failed, let kind else { return nil }
        return simulation.plan.spec.retries.nextTry(
            after: kind, at: simulation.instant(failed), tries: Int(tries)
        ).map { simulation.seconds(until: $0) }
    }

    /// What admission asks for.
    func attempt(under simulation: RolloutSimulation) -> Attempt? {
        switch standing {
        case .untried: return nil
        case .open: return .underWay
        case .proven: return .proven
        case .failed:
            guard let kind else { preconditionFailure("a failed attempt has a failure") }
            return .failed(kind, at: simulation.instant(failed), tries: Int(tries))
        }
    }

    /// What the gate counts the device as at `now`, if it is alive and an open wave reaches it.
    func mark(at now: Int64) -> EvidenceLedger.Mark {
        let counted = countsFrom <= now ? kind : nil
        switch standing {
        case .untried: return .undecided(nil)
        case .open: return .undecided(counted)
        case .proven: return .proven(wave: wave)
        case .failed: return counted.map { .failed($0) } ?? .undecided(nil)
        }
    }
}
