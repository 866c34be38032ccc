internal import Model
internal import Rollouts

/// What each rollout has for one device, when they are asked from the newest to the oldest.
///
/// Check-ins and explanations ask the same rules in the same order (promise P6).
struct RolloutSearch {
    let orchestrator: Orchestrator
    let store: any StoreReader
    let device: DeviceRecord
    let now: Instant
    /// The newest rollout that concerns the device; no older one has a say.
    private var governing: RolloutName?

    init(
        orchestrator: Orchestrator, store: any StoreReader, device: DeviceRecord, at now: Instant
    ) {
        self.orchestrator = orchestrator
        self.store = store
        self.device = device
        self.now = now
    }

    enum Ruling: Hashable {
        case offer(RolloutPlan, wave: Int)
        /// A newer rollout decides for the device.
        case governed(by: RolloutName)
        case no(reason: String)
    }

    mutating func ruling(of rollout: RolloutRecord) throws -> Ruling {
        if let governing { return .governed(by: governing) }
        let attempt = try store.attempt(of: device.id, in: rollout.name)?.attempt
        // Stopping a rollout sends nobody back to an older one: going back is a rollout of its own.
        if attempt == .proven { return refused(.attemptProven, by: rollout) }
        guard rollout.state.mayOffer else {
            return refused(.notRunning(rollout.state), by: rollout)
        }
        guard let plan = try? orchestrator.plan(of: rollout) else {
            governing = rollout.name
            return .no(reason: "this version of the server cannot read its plan")
        }
        let decision = try plan.admission(
            of: device.facts, bucket: orchestrator.bucket(in: rollout.name)(device.id),
            state: rollout.state,
            image: try store.image(of: plan.spec.release, for: device.hardware)?.planned,
            attempt: attempt,
            paused: Set(try store.pausedStrata(of: rollout.name).map(\.stratum)),
            in: orchestrator.context(at: now), zones: orchestrator.zones,
            counts: { try counts(for: plan, of: rollout) })
        switch decision {
        case .offer(let wave, _):
            governing = rollout.name
            return .offer(plan, wave: wave)
        case .no(let refusal): return refused(refusal, by: rollout)
        }
    }

    /// What has been taken of everything that the rollout limits.
    private func counts(
        for plan: RolloutPlan, of rollout: RolloutRecord
    ) throws -> LimitCounts {
        let limits = plan.spec.limits
        var counts = LimitCounts(openLeases: try store.openOfferCount(in: rollout.name))
        if let openWave = plan.openWave(in: rollout.state),
            let rate = plan.waves[openWave].spec.rate
        {
            counts.confirmed = try store.tallies(of: rollout.name).reduce(0) { $0 + $1.proven }
            counts.recentLeases = try store.recentOffers(
                of: rollout.name, since: rate.start.unit.opening(at: now))
        }
        if let egress = limits.egress {
            counts.recentBytes = try store.recentBytes(
                of: rollout.name, since: egress.unit.opening(at: now))
        }
        for limit in limits.shares {
            guard let value = device.attributes[limit.attribute] else { continue }
            counts.members[limit.attribute] = try store.activeDeviceCount(
                limit.attribute, value)
            counts.openWithValue[limit.attribute] =
                try store.leaseHolders(limit.attribute, value).count
        }
        for limit in limits.apart {
            guard let value = device.attributes[limit.attribute] else { continue }
            counts.holders[limit.attribute] = try store.leaseHolders(limit.attribute, value)
                .first { $0 != device.id }
        }
        return counts
    }

    private mutating func refused(
        _ refusal: AdmissionRefusal, by rollout: RolloutRecord
    ) -> Ruling {
        if refusal.endsTheSearch { governing = rollout.name }
        return .no(reason: "\(refusal)")
    }
}

extension AdmissionRefusal {
    /// Whether no older rollout has a say either: the newest that reaches a device governs it.
    fileprivate var endsTheSearch: Bool {
        switch self {
        case .holdsLease, .attemptProven, .attemptFailed, .capReached, .limited,
            .stratumPaused,
            .ineligible(.alreadyInstalled):
            true
        case .notRunning, .ineligible, .inNoWave, .waveNotOpen: false
        }
    }
}

extension RolloutState {
    /// Whether a plan in this state has anything to offer.
    fileprivate var mayOffer: Bool {
        switch self {
        case .running, .completed: true
        case .draft, .paused, .aborted: false
        }
    }
}
