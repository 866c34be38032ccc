internal import Model
internal import Rollouts

/// What gates decide by.
extension Orchestrator {
    func evidence(
        for rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreReader,
        at moment: Instant
    ) throws -> WaveEvidence {
        let openWave = plan.openWave(in: rollout.state) ?? -1
        let tallies = try store.tallies(of: rollout.name, at: moment, outsidePausedStrata: true)
        let failures = tallies.reduce(FailureCounts.none) { $0 + $1.evidence.failures }
        let newest = try failures[.overdue] > 0 ? store.newestOverdue(in: rollout.name) : nil
        let control = try newest.flatMap {
            try store.silenceControl(of: rollout.name, newestOverdue: $0.failed)
        }
        let isApproved = try isApproved(rollout, store)
        let outside = try outsideAnswers(for: rollout, plan, store)
        func evidence(undecided: Int) -> WaveEvidence {
            WaveEvidence(
                proven: tallies.reduce(0) { $0 + $1.evidence.proven }, failures: failures,
                provenInWave: tallies.reduce(0) { $0 + ($1.wave <= openWave ? $1.proven : 0) },
                undecided: undecided, isApproved: isApproved, control: control, outside: outside)
        }
        // The fleet is read only when everything else would let the wave pass.
        let hopeful = evidence(
            undecided: tallies.reduce(0) { $0 + $1.open + $1.retrying })
        guard case .promote = plan.verdict(in: rollout.state, evidence: hopeful, at: moment) else {
            return hopeful
        }
        return evidence(
            undecided: hopeful.undecided
                + (try untried(in: rollout, plan, store, at: moment)))
    }

    /// Whether somebody other than the author has approved the open wave since it opened.
    private func isApproved(
        _ rollout: RolloutRecord, _ store: any StoreReader
    ) throws -> Bool {
        guard case .running(let wave, let since, _) = rollout.state else { return false }
        return try store.approvals(of: rollout.name).contains {
            $0.wave == wave && $0.since == since && $0.by != rollout.author
        }
    }

    /// Devices that the open wave reaches, that are alive, and that were not tried yet.
    private func untried(
        in rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreReader,
        at moment: Instant
    ) throws -> Int {
        let context = context(at: moment)
        let own = try WaveCandidates(of: rollout, plan, store, self)
        let newestFirst = try store.rollouts()
        let ages = newestFirst.ages
        // What a rollout that is asked earlier decides, this one need not wait for.
        let others = try newestFirst.inOrderOfRule
            .prefix { $0.name != rollout.name }.filter(\.state.mayOffer)
            .compactMap { other in
                try (try? self.plan(of: other)).map {
                    (
                        candidates: try WaveCandidates(of: other, $0, store, self),
                        isNewer: ages[other.name] ?? 0 < ages[rollout.name] ?? 0
                    )
                }
            }
        let gone = try store.devicesWithProof(newerThan: rollout.name)
        var untried = 0
        try store.forEachDevice { device in
            guard own.attempts[device.id] == nil, !gone.contains(device.id),
                device.lastSeen.advanced(by: plan.spec.gate.overdueAfter) > moment,
                case .offer = own.decision(for: device, in: context)
            else { return }
            let isTaken = others.contains {
                $0.candidates.takes(device, fromOlder: $0.isNewer, in: context)
            }
            if !isTaken { untried += 1 }
        }
        return untried
    }

    /// Looks how many others are silent, if that is what decides whether the wave stops.
    ///
    /// What is seen is kept with the newest of the overdue: once an outage is over, it would not be
    /// seen any more, and it excuses nobody who falls silent later.
    func watchTheSilent(
        of rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreWriter,
        at moment: Instant
    ) throws {
        guard case .running = rollout.state else { return }
        guard let newest = try store.newestOverdue(in: rollout.name) else { return }
        let evidence = try evidence(for: rollout, plan, store, at: moment)
        guard evidence.control == nil, plan.spec.gate.dependsOnSilence(evidence) else { return }
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
        try store.add(
            OverdueGrading.Control(silent: silent, count: count), of: rollout.name,
            newestOverdue: newest.failed, at: moment)
    }
}

/// One rollout's word on many devices, without a question to the store for each.
private struct WaveCandidates {
    let rollout: RolloutRecord
    let plan: RolloutPlan
    let attempts: [DeviceID: Attempt]
    private let images: [ImageRecord]
    private let paused: Set<Stratum>
    private let bucket: (DeviceID) -> Bucket

    init(
        of rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreReader,
        _ orchestrator: Orchestrator
    ) throws {
        self.rollout = rollout
        self.plan = plan
        attempts = Dictionary(
            try store.attemptRecords(in: rollout.name).map { ($0.device, $0.attempt) },
            uniquingKeysWith: { first, _ in first })
        images = try store.images(of: plan.spec.release)
        paused = Set(try store.pausedStrata(of: rollout.name).map(\.stratum))
        bucket = orchestrator.bucket(in: rollout.name)
    }

    func decision(for device: DeviceFacts, in context: SelectorContext) -> AdmissionDecision {
        plan.candidacy(
            of: device, bucket: bucket(device.id), state: rollout.state,
            image: images.first { $0.hardware.contains(device.hardware) }?.planned,
            attempt: attempts[device.id], paused: paused, in: context)
    }

    /// Whether a rollout that is asked later has no say.
    ///
    /// - Parameter fromOlder: Whether that rollout is older.
    func takes(
        _ device: DeviceFacts, fromOlder: Bool, in context: SelectorContext
    ) -> Bool {
        switch decision(for: device, in: context) {
        case .offer: true
        case .no(let refusal):
            switch refusal.claim {
            case .none: false
            case .waits: rollout.state.isUnderWay || fromOlder
            case .settled: fromOlder
            }
        }
    }
}
