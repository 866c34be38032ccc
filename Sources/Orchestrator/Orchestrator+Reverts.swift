internal import Audit
public import Model
internal import Rollouts
public import Wire

/// Going back is a rollout of its own: staged, gated, and only to what is still published.
extension Orchestrator {
    /// What taking a rollout back would do; changes nothing.
    ///
    /// - Parameter release: Where the devices go; by default what most of them came from.
    /// - Throws: ``Refusal/invalid(_:)`` when they cannot go back, with the reason.
    public func planRevert(
        of name: RolloutName, to release: ReleaseID?
    ) async throws(Refusal) -> PlanSummary {
        let moment = now()
        return try await write(as: .server, at: moment) { store in
            let rollout = try Self.existing(name, store)
            let planning = try revertPlanning(of: rollout, to: release, store, at: moment)
            try store.add(planning.planRecord(at: moment))
            return planning.summary
        }
    }

    /// Stops a rollout, and starts the one that takes its devices back.
    ///
    /// - Returns: The rollout that takes them back.
    /// - Throws: As ``planRevert(of:to:)`` does; then nothing has changed.
    public func revert(
        _ name: RolloutName, to release: ReleaseID?, by operator: OperatorName,
        if precondition: Precondition = .none, once key: RequestKey? = nil
    ) async throws(Refusal) -> RolloutSummary {
        let moment = now()
        return try await write(as: .operator(`operator`), at: moment, once: key) { store in
            let rollout = try Self.existing(name, store)
            try rollout.check(precondition)
            let planning = try revertPlanning(of: rollout, to: release, store, at: moment)
            let other = planning.plan.spec.name
            let transition: Transition
            do {
                transition = try plan(of: rollout).transition(
                    from: rollout.state, on: .revert(by: other))
            } catch let error as IllegalTransition { throw Refusal.conflict("\(error)") }
            try save(transition, of: rollout, store, at: moment, by: `operator`)
            let record = try begin(planning, store, at: moment, by: `operator`)
            return try summary(of: record, store, at: moment)
        }
    }

    /// What `on_failure: revert` asks for, in the transaction that paused the rollout.
    ///
    /// Where the devices cannot go back the rollout stays paused, and its events say why.
    func beginRevert(of name: RolloutName, _ store: any StoreWriter, at moment: Instant) throws {
        let rollout = try Self.existing(name, store)
        let plan = try plan(of: rollout)
        do {
            let planning = try revertPlanning(
                of: rollout, to: plan.spec.revertTo, store, at: moment)
            let transition = try plan.transition(
                from: rollout.state, on: .revert(by: planning.plan.spec.name))
            try save(transition, of: rollout, store, at: moment)
            _ = try begin(planning, store, at: moment, by: rollout.author)
        } catch let refusal as Refusal {
            // The store's own troubles end the transaction; what cannot be planned does not.
            if case .store = refusal { throw refusal }
            try store.add(
                EventRecord(
                    at: moment, device: nil, rollout: name, what: "cannot be reverted: \(refusal)"))
        }
    }

    /// Begins the revert of a rollout that was stopped when nobody had the release yet.
    func revertIfStopped(_ name: RolloutName, _ store: any StoreWriter, at moment: Instant) throws {
        guard let rollout = try store.rollout(name), case .paused(_, let reason, _) = rollout.state,
            reason != .operatorRequest, let plan = try? plan(of: rollout),
            plan.spec.failureAction == .revert
        else { return }
        try beginRevert(of: name, store, at: moment)
    }

    /// A rollout that is taken back has ended once the other one is complete.
    func followRevert(
        of rollout: RolloutRecord, by other: RolloutName, _ plan: RolloutPlan,
        _ store: any StoreWriter, at moment: Instant
    ) throws {
        guard case .completed = try store.rollout(other)?.state else { return }
        try save(
            plan.transition(from: rollout.state, on: .reverted), of: rollout, store, at: moment)
    }

    private func revertPlanning(
        of rollout: RolloutRecord, to release: ReleaseID?, _ store: any StoreReader,
        at moment: Instant
    ) throws -> Planning {
        let plan = try plan(of: rollout)
        let proven = try store.remainingProvenCount(in: rollout.name)
        guard proven > 0 else {
            throw Refusal.invalid("no device has the release from rollout \(rollout.name)")
        }
        guard let earlier = try release ?? commonOrigin(of: rollout.name, store) else {
            throw Refusal.invalid(
                "nobody knows what the devices ran before; name the release to go back to")
        }
        let names = try rollout.name.revertNames.filter { try store.rollout($0) == nil }
        guard let name = names.first else {
            throw Refusal.conflict("it was reverted again and again")
        }
        let file = try RolloutFile(
            parsing: rollout.fileJSON, limitBytes: settings.limits.requestBytes)
        let back = file.reverting(
            as: name, from: plan.spec.release, to: earlier, deviceCount: proven)
        do {
            // What was stored names no cohorts any more.
            let spec = try RolloutSpec(back, cohorts: .expanded)
            return try planning(spec, back, store, at: moment)
        } catch let error as RolloutFileError {
            throw Refusal.invalid("\(error)")
        } catch Refusal.invalid(let reason) {
            throw Refusal.invalid(
                "cannot go back to \(earlier): \(reason); an earlier release has to be published,"
                    + " and signed by `release publish --allow-downgrade`")
        }
    }

    /// The release that most proven devices ran before.
    private func commonOrigin(
        of name: RolloutName, _ store: any StoreReader
    ) throws -> ReleaseID? {
        let origins = try store.origins(in: name)
        return origins.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
    }
}
