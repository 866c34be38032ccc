internal import Model
internal import Rollouts

/// Whether devices that are overdue fell silent with others that were offered nothing.
extension Orchestrator {
    private typealias Overdue = (failed: Instant, heard: Instant)

    /// So many devices are read while other writes wait.
    private static let smallFleet = 2000

    /// Looks how many others are silent, if that is what decides whether the wave stops.
    ///
    /// What is seen is kept with the newest of the overdue: once an outage is over, it would not be
    /// seen any more, and it excuses nobody who falls silent later.
    ///
    /// - Returns: `false` where the fleet is too large to be read now, and ``lookAtTheSilent(of:_:at:)``
    ///   has to do it first: nobody can judge the wave before.
    func watchTheSilent(
        of rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreWriter,
        at moment: Instant
    ) throws -> Bool {
        guard let newest = try overdueToWatch(in: rollout, plan, store, at: moment) else {
            return true
        }
        var control = memory.silence(in: rollout.name, of: newest.failed)
        if control == nil, try store.device(placesBehind: Self.smallFleet, nil) == nil {
            control = try silence(of: rollout, plan, newest, store, at: moment)
        }
        guard let control else { return false }
        try store.add(control, of: rollout.name, newestOverdue: newest.failed, at: moment)
        return true
    }

    /// Looks at a large fleet while nobody waits, for the next to ask the gate.
    func lookAtTheSilent(
        of name: RolloutName, _ store: any StoreReader, at moment: Instant
    ) throws {
        guard let rollout = try store.rollout(name), let plan = try? plan(of: rollout),
            let newest = try overdueToWatch(in: rollout, plan, store, at: moment)
        else { return }
        memory.keep(
            try silence(of: rollout, plan, newest, store, at: moment), in: name,
            of: newest.failed)
    }

    /// The newest of the overdue, when nobody has looked yet who else is silent.
    private func overdueToWatch(
        in rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreReader,
        at moment: Instant
    ) throws -> Overdue? {
        guard case .running = rollout.state,
            let newest = try store.newestOverdue(in: rollout.name)
        else { return nil }
        let evidence = try evidence(for: rollout, plan, store, at: moment, lookingAt: .inPassing)
        guard evidence.control == nil, plan.spec.gate.dependsOnSilence(evidence) else {
            return nil
        }
        return newest
    }

    private func silence(
        of rollout: RolloutRecord, _ plan: RolloutPlan, _ newest: Overdue,
        _ store: any StoreReader, at moment: Instant
    ) throws -> OverdueGrading.Control {
        let attempts = try store.attemptRecords(in: rollout.name)
        let watched = Set(attempts.map(\.device)).union(try store.openOffers().map(\.device))
        let context = context(at: moment)
        // When the newest of the overdue was heard of last, and how long an update takes.
        let end = min(
            newest.heard, moment.advanced(by: .zero - plan.spec.gate.overdueAfter))
        let exposure = try store.meanExposure(in: rollout.name)
        let begin = end.advanced(by: .zero - exposure)
        var (silent, count) = (0, 0)
        try store.forEachDevice { device in
            guard device.lastSeen > begin, device.isActive, !watched.contains(device.id),
                plan.spec.selector.matches(device, in: context)
            else { return }
            count += 1
            if device.lastSeen <= end { silent += 1 }
        }
        return OverdueGrading.Control(silent: silent, count: count)
    }
}
