internal import Audit
internal import Model
internal import Rollouts

extension Orchestrator {
    /// Looks at every running rollout: ends leases that ran out, and asks the gates.
    ///
    /// Safe to call at any time and as often as one likes. Each rollout is looked at in a
    /// transaction of its own, so that one that cannot be read does not hold up the others.
    ///
    /// - Returns: Whether `right` was good until the end; from where it was not, nothing was done.
    /// - Throws: ``Refusal``, the first, after every rollout was looked at.
    @discardableResult
    public func step(by right: SteppingRight) async throws(Refusal) -> Bool {
        let moment = now()
        let names = try await read { store in
            let overdue = try store.expiredOffers(at: moment).map(\.rollout)
            return Set(try store.rollouts().filter(\.state.hasGate).map(\.name) + overdue)
        }
        var problem: Refusal?
        // In an order that follows from the store, as everything does that is stored.
        for name in names.sorted(by: { $0.text < $1.text }) {
            do {
                try await readFleet { try lookAhead(of: name, $0, at: moment) }
                // It may have waited; what is stored is stored now.
                let moment = now()
                let isJudged = try await write(as: .server, at: moment) { store -> Bool? in
                    guard try store.isGood(right) else { return nil }
                    for offer in try store.expiredOffers(at: moment)
                    where try offer.rollout == name && isOver(offer, store, at: moment) {
                        try expire(offer, store, at: moment)
                    }
                    return try askGate(of: name, store, at: moment)
                }
                guard let isJudged else { return false }
                if !isJudged {
                    try await readFleet { try lookAtTheSilent(of: name, $0, at: moment) }
                    let isGood = try await write(as: .server, at: moment) { store in
                        guard try store.isGood(right) else { return false }
                        _ = try askGate(of: name, store, at: moment)
                        return true
                    }
                    guard isGood else { return false }
                }
                // One that cannot be read has lost its leases all the same; this tells of it.
                try await read { store in _ = try store.rollout(name).map { try plan(of: $0) } }
            } catch { problem = problem ?? error }
        }
        if let problem { throw problem }
        return true
    }

    /// Looks for a device that was not tried yet, if the gate will ask for one, while nobody waits
    /// for the transaction: the gate, for which others do, asks first who was found, and believes
    /// that there is none once a whole fleet was looked at.
    private func lookAhead(
        of name: RolloutName, _ store: any StoreReader, at moment: Instant
    ) throws {
        guard let rollout = try store.rollout(name), case .running = rollout.state,
            let plan = try? plan(of: rollout)
        else { return }
        _ = try evidence(for: rollout, plan, store, at: moment, lookingAt: .ahead)
    }

    /// Counts silence past the deadline as a failure (promise P2).
    func expire(_ offer: OfferRecord, _ store: any StoreWriter, at moment: Instant) throws {
        let failure = Failure(.overdue, "nothing was heard of the device until \(offer.expires)")
        try close(offer, as: .failed(failure), store, at: moment)
    }

    /// Lets the gate look right after an offer was decided, in the same transaction.
    ///
    /// A rollout that cannot be read offers nothing anyway; ``step(by:)`` tells of it. No gate judges
    /// a time in which nobody listened.
    ///
    /// - Returns: `false` where the gate cannot judge before ``lookAtTheSilent(of:_:at:)``, which
    ///   ``step(by:)`` sees to.
    @discardableResult
    func askGate(
        of name: RolloutName, _ store: any StoreWriter, at moment: Instant
    ) throws -> Bool {
        guard try hasListened(store, until: moment) else { return true }
        guard let rollout = try store.rollout(name), let plan = try? plan(of: rollout) else {
            return true
        }
        return try tick(rollout, plan, store, at: moment)
    }

    private func tick(
        _ rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreWriter,
        at moment: Instant
    ) throws -> Bool {
        guard rollout.state.hasGate else { return true }
        if case .reverting(let other) = rollout.state {
            try followRevert(of: rollout, by: other, plan, store, at: moment)
            return true
        }
        try pauseFailingStrata(of: rollout, plan, store, at: moment)
        guard try watchTheSilent(of: rollout, plan, store, at: moment) else { return false }
        let evidence = try evidence(
            for: rollout, plan, store, at: moment, lookingAt: .inPassing)
        let transition = try plan.transition(from: rollout.state, on: .tick(at: moment, evidence))
        try save(transition, of: rollout, store, at: moment)
        return true
    }

    /// Names the kinds of devices that fail where others do not, before the gate judges the rest.
    private func pauseFailingStrata(
        of rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreWriter,
        at moment: Instant
    ) throws {
        guard case .running = rollout.state, rollout.scope.pairCount > 0 else { return }
        let gate = plan.spec.gate
        let classes = gate.attributedClasses
        let attribution = FailureAttribution(gate: gate, pairCount: rollout.scope.pairCount)
        while true {
            let evidence = try store.tallies(
                of: rollout.name, at: moment, outsidePausedStrata: true
            ).map(\.evidence)
            let total = DecidedCount(
                proven: evidence.reduce(0) { $0 + $1.proven },
                failed: evidence.reduce(0) { $0 + $1.failures.total(of: classes) })
            guard total.failed >= FailureAttribution.fewestFailures else { return }
            let findings = attribution.findings(
                in: DecidedDevices(
                    total: total,
                    strata: try store.decided(
                        in: rollout.name, by: rollout.scope.attributes,
                        classes: classes, at: moment)))
            let new = try findings.filter { finding in
                try store.add(
                    PausedStratum(
                        rollout: rollout.name, stratum: finding.stratum, at: moment,
                        reason: "\(finding)"))
            }
            // What is found again though it is paused would be found for ever.
            guard !new.isEmpty else { return }
            for finding in new {
                try store.add(
                    EventRecord(
                        at: moment, device: nil, rollout: rollout.name,
                        what: "paused for \(finding)"))
            }
        }
    }

    /// Stores a new state under the revision that it was decided on, and what follows from it.
    func save(
        _ transition: Transition, of rollout: RolloutRecord, _ store: any StoreWriter,
        at moment: Instant, by operator: OperatorName? = nil
    ) throws {
        guard transition.state != rollout.state else { return }
        var changed = rollout
        changed.state = transition.state
        try store.update(changed, at: moment)
        if case (.paused, .running) = (rollout.state, transition.state) {
            // Nobody could try again while nothing was offered.
            let spec = try plan(of: rollout).spec
            try store.postponeRetries(
                in: rollout.name, until: moment.advanced(by: spec.gate.overdueAfter))
        }
        try store.add(
            EventRecord(
                at: moment, device: nil, rollout: rollout.name,
                what: "\(transition.state)" + (`operator`.map { " (\($0))" } ?? "")))
        for effect in transition.effects {
            switch effect {
            // Offers follow from the state whenever a device asks.
            case .offer, .stopOffering, .withdraw: continue
            case .noteEvidence: try store.noteEvidence(in: rollout.name, at: moment)
            case .forgiveNoted: try store.forgiveNoted(in: rollout.name)
            case .beginRevert: try beginRevert(of: rollout.name, store, at: moment)
            }
        }
    }
}

extension RolloutState {
    /// Whether time may change it.
    fileprivate var hasGate: Bool {
        switch self {
        case .running, .paused, .reverting: true
        case .draft, .completed, .aborted: false
        }
    }
}
