internal import Model
internal import Rollouts

extension Orchestrator {
    /// Looks at every running rollout: ends leases that ran out, and asks the gates.
    ///
    /// Safe to call at any time and as often as one likes. Each rollout is looked at in a
    /// transaction of its own, so that one that cannot be read does not hold up the others.
    ///
    /// - Throws: ``Refusal``, the first, after every rollout was looked at.
    public func step() async throws(Refusal) {
        let moment = now()
        let live = try await write { store in
            let overdue = try store.expiredOffers(at: moment)
            for offer in overdue { try expire(offer, store, at: moment) }
            for name in Set(overdue.map(\.rollout)) { try askGate(of: name, store, at: moment) }
            return try store.rollouts().filter(\.state.hasGate).map(\.name)
        }
        var problem: Refusal?
        for name in live {
            do {
                try await write { store in
                    guard let rollout = try store.rollout(name) else { return }
                    try tick(rollout, plan(of: rollout), store, at: moment)
                }
            } catch { problem = problem ?? error }
        }
        if let problem { throw problem }
    }

    /// Counts silence past the deadline as a failure (promise P2).
    func expire(_ offer: OfferRecord, _ store: any StoreWriter, at moment: Instant) throws {
        let failure = Failure(.overdue, "nothing was heard of the device until \(offer.expires)")
        var offer = offer
        offer.outcome = .failed(failure)
        try store.update(offer)
        if var device = try store.device(offer.device) {
            device.lastFailure = failure
            try store.save(device)
        }
        try store.add(
            EventRecord(
                at: moment, device: offer.device, rollout: offer.rollout,
                what: "failed: \(failure)"))
    }

    /// Lets the gate look right after an offer was decided, in the same transaction.
    ///
    /// A rollout that cannot be read offers nothing anyway; ``step()`` tells of it.
    func askGate(of name: RolloutName, _ store: any StoreWriter, at moment: Instant) throws {
        guard let rollout = try store.rollout(name), let plan = try? plan(of: rollout) else {
            return
        }
        try tick(rollout, plan, store, at: moment)
    }

    private func tick(
        _ rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreWriter,
        at moment: Instant
    ) throws {
        guard rollout.state.hasGate else { return }
        try pauseFailingStrata(of: rollout, plan, store, at: moment)
        let evidence = try evidence(for: rollout, plan, store, at: moment)
        let transition = try plan.transition(from: rollout.state, on: .tick(at: moment, evidence))
        try save(transition, of: rollout, store, at: moment)
    }

    /// Names the kinds of devices that fail where others do not, before the gate judges the rest.
    private func pauseFailingStrata(
        of rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreWriter,
        at moment: Instant
    ) throws {
        // Once an operator has set failures aside, nobody can tell any more whose they were.
        guard case .running(_, _, _, .nothing) = rollout.state, rollout.scope.pairCount > 0 else {
            return
        }
        let attribution = FailureAttribution(
            gate: plan.spec.gate, pairCount: rollout.scope.pairCount)
        while true {
            let tallies = try store.talliesOutsidePausedStrata(of: rollout.name)
            let total = DecidedCount(
                proven: tallies.reduce(0) { $0 + $1.proven },
                failed: tallies.reduce(0) { $0 + $1.failed })
            guard total.failed >= FailureAttribution.fewestFailures else { return }
            let findings = attribution.findings(
                in: DecidedDevices(
                    total: total,
                    strata: try store.decided(
                        in: rollout.name, by: rollout.scope.attributes)))
            guard !findings.isEmpty else { return }
            for finding in findings {
                try store.add(
                    PausedStratum(
                        rollout: rollout.name, stratum: finding.stratum, at: moment,
                        reason: "\(finding)"))
                try store.add(
                    EventRecord(
                        at: moment, device: nil, rollout: rollout.name,
                        what: "paused for \(finding)"))
            }
        }
    }

    /// Stores a new state under the revision that it was decided on.
    func save(
        _ transition: Transition, of rollout: RolloutRecord, _ store: any StoreWriter,
        at moment: Instant, by operator: OperatorName? = nil
    ) throws {
        guard transition.state != rollout.state else { return }
        var changed = rollout
        changed.state = transition.state
        try store.update(changed)
        try store.add(
            EventRecord(
                at: moment, device: nil, rollout: rollout.name,
                what: "\(transition.state)" + (`operator`.map { " (\($0))" } ?? "")))
    }

    func evidence(
        for rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreReader,
        at moment: Instant
    ) throws -> WaveEvidence {
        let tallies = try store.talliesOutsidePausedStrata(of: rollout.name)
        let openWave = plan.openWave(in: rollout.state) ?? -1
        let isApproved = try isApproved(rollout, store)
        let outside = try outsideAnswers(for: rollout, plan, store)
        func evidence(undecided: Int) -> WaveEvidence {
            WaveEvidence(
                proven: tallies.reduce(0) { $0 + $1.proven },
                failed: tallies.reduce(0) { $0 + $1.failed },
                provenInWave: tallies.reduce(0) { $0 + ($1.wave <= openWave ? $1.proven : 0) },
                undecided: undecided, isApproved: isApproved, outside: outside)
        }
        // The fleet is read only when everything else would let the wave pass.
        let hopeful = evidence(undecided: 0)
        guard case .promote = plan.verdict(in: rollout.state, evidence: hopeful, at: moment) else {
            return hopeful
        }
        return evidence(
            undecided: try undecided(in: rollout, plan, openWave, store, at: moment))
    }

    /// Whether somebody other than the author has approved the open wave since it opened.
    private func isApproved(
        _ rollout: RolloutRecord, _ store: any StoreReader
    ) throws -> Bool {
        guard case .running(let wave, let since, _, _) = rollout.state else { return false }
        return try store.approvals(of: rollout.name).contains {
            $0.wave == wave && $0.since == since && $0.by != rollout.author
        }
    }

    /// Devices that the open wave reaches, that are alive or hold a lease, and have not decided.
    private func undecided(
        in rollout: RolloutRecord, _ plan: RolloutPlan, _ openWave: Int, _ store: any StoreReader,
        at moment: Instant
    ) throws -> Int {
        let attempts = Dictionary(
            try store.attempts(in: rollout.name).map { ($0.device, $0.attempt) },
            uniquingKeysWith: { first, _ in first })
        let images = try store.images(of: plan.spec.release)
        let bucket = bucket(in: rollout.name)
        let context = context(at: moment)
        let paused = Set(try store.pausedStrata(of: rollout.name).map(\.stratum))
        return try store.devices().count { device in
            guard !paused.contains(where: { $0.holds(device.facts) }) else { return false }
            if let attempt = attempts[device.id] { return attempt == .underWay }
            guard device.lastSeen.advanced(by: plan.spec.gate.overdueAfter) > moment else {
                return false
            }
            let image = images.first { $0.hardware.contains(device.hardware) }?.planned
            let decision = plan.candidacy(
                of: device.facts, bucket: bucket(device.id), state: rollout.state, image: image,
                attempt: nil, paused: paused, in: context)
            switch decision {
            case .offer: return true
            case .no: return false
            }
        }
    }
}

extension RolloutState {
    /// Whether time may change it.
    fileprivate var hasGate: Bool {
        switch self {
        case .running, .paused: true
        case .draft, .completed, .aborted: false
        }
    }
}
