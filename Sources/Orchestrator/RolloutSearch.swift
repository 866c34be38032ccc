internal import Model
internal import Rollouts

/// What each rollout has for one device, when they are asked in their order.
///
/// Check-ins and explanations ask the same rules in the same order (promise P6).
struct RolloutSearch {
    let orchestrator: Orchestrator
    let store: any RulingReader
    let device: DeviceFacts
    let now: Instant
    /// The rollout whose offer the device works on; the others are not asked meanwhile.
    private let held: RolloutName?
    /// The first rollout that concerns the device; no later one has a say.
    private var governing: RolloutName?
    /// The newest rollout that is settled for the device; no older one has a say.
    private var settled: (name: RolloutName, age: Int)?
    /// How old each rollout is: the newest is 0.
    private var ages: [RolloutName: Int] { book.ages }
    private let book: RolloutBook
    private let attempts: [RolloutName: Attempt]
    /// All rollouts in the order in which they are asked.
    var rollouts: [RolloutRecord] { book.inOrderOfRule }

    /// - Parameters:
    ///   - held: `nil` also for what may take an offer back.
    ///   - known: The device's attempts, where they were read already.
    init(
        orchestrator: Orchestrator, store: any RulingReader, device: DeviceFacts, at now: Instant,
        holdingOfferOf held: RolloutName? = nil, attempts known: [RolloutName: Attempt]? = nil
    ) throws {
        self.orchestrator = orchestrator
        self.store = store
        self.device = device
        self.now = now
        let book = try orchestrator.book(store)
        let attempts = try known ?? store.attempts(of: device.id)
        self.book = book
        self.attempts = attempts
        // Stopping a rollout sends nobody back to an older one: going back is a rollout of its own.
        self.held = held
        settled = attempts.filter { $0.value == .proven }
            .compactMap { proven in book.ages[proven.key].map { (proven.key, $0) } }
            .min { $0.1 < $1.1 }
    }

    enum Ruling: Hashable {
        case offer(RolloutPlan, wave: Int)
        /// A rollout that goes first decides for the device.
        case governed(by: RolloutName)
        /// The device works on an offer of this other rollout.
        case busy(with: RolloutName)
        case no(AdmissionRefusal)
        /// Its plan is of a version that this server does not know; nobody else decides meanwhile.
        case unreadable
    }

    /// - Parameter trace: Where what each rule says is written down.
    mutating func ruling(
        of rollout: RolloutRecord, trace: inout AdmissionTrace
    ) throws -> Ruling {
        if let governing { return .governed(by: governing) }
        if let held, held != rollout.name, !rollout.mayTakeOffersBack { return .busy(with: held) }
        let attempt = attempts[rollout.name]
        if attempt == .proven {
            return refused(trace.refused(.attempt, by: .attemptProven), by: rollout)
        }
        if let settled, let age = ages[rollout.name], age > settled.age {
            return .no(trace.refused(.attempt, by: .settledByNewer(settled.name)))
        }
        guard rollout.state.mayOffer else {
            return refused(trace.refused(.state, by: .notRunning(rollout.state)), by: rollout)
        }
        guard let entry = book[rollout.name], let plan = entry.plan else {
            govern(rollout)
            return .unreadable
        }
        let decision = try plan.admission(
            of: device, bucket: entry.order.bucket(of: device.id),
            state: rollout.state,
            image: entry.image(for: device.hardware)?.planned,
            attempt: attempt, paused: entry.paused,
            in: orchestrator.context(at: now), zones: orchestrator.zones, trace: &trace,
            counts: { try counts(for: plan, of: rollout) })
        switch decision {
        case .offer(let wave, _):
            govern(rollout)
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
            counts.confirmed = try store.provenCount(in: rollout.name)
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
            // A lease that the device has itself stands in nobody's way.
            counts.openWithValue[limit.attribute] =
                try store.leaseHolders(limit.attribute, value).count { $0 != device.id }
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
        switch refusal.claim {
        case .none: break
        case .waits where rollout.state.isUnderWay: govern(rollout)
        case .waits, .settled:
            if let age = ages[rollout.name], age < settled?.age ?? .max {
                settled = (rollout.name, age)
            }
        }
        return .no(refusal)
    }

    /// An offer that the device holds goes on whatever others would say.
    private mutating func govern(_ rollout: RolloutRecord) {
        if held == nil { governing = rollout.name }
    }
}

extension RolloutSearch.Ruling {
    var isOffer: Bool {
        if case .offer = self { true } else { false }
    }

    /// Whether it keeps other rollouts from the device.
    var isClaim: Bool {
        switch self {
        case .no(let refusal): refusal.claim != .none
        case .unreadable: true
        case .offer, .governed, .busy: false
        }
    }
}

extension RulingReader {
    func image(of release: ReleaseID, for hardware: HardwareModel) throws -> ImageRecord? {
        try images(of: release).first { $0.hardware.contains(hardware) }
    }
}

extension AdmissionRefusal {
    /// What a refusal means for other rollouts.
    enum Claim {
        case none
        /// The device is to wait for this rollout; while it is under way, no later one has a say.
        case waits
        /// The rollout is done with the device; no older one has a say.
        case settled
    }

    var claim: Claim {
        switch self {
        case .holdsLease, .retryNotDue, .capReached, .limited: .waits
        case .attemptProven, .attemptFailed, .stratumPaused, .ineligible(.alreadyInstalled):
            .settled
        case .notRunning, .settledByNewer, .ineligible, .inNoWave, .waveNotOpen: .none
        }
    }
}

extension RolloutState {
    /// Whether a plan in this state has anything to offer.
    var mayOffer: Bool {
        switch self {
        case .running, .completed: true
        case .draft, .paused, .reverting, .aborted: false
        }
    }

    /// Whether its priority lifts it above others; one that is done is as any other.
    var isUnderWay: Bool {
        switch self {
        case .running, .paused: true
        case .draft, .completed, .reverting, .aborted: false
        }
    }
}

extension RolloutRecord {
    /// Whether what it has for a device goes before an offer that is not installed yet.
    var mayTakeOffersBack: Bool { priority == .emergency && state.mayOffer }
}

extension [RolloutRecord] {
    /// How old each rollout is: the newest is 0.
    ///
    /// - Precondition: The newest is the first.
    var ages: [RolloutName: Int] {
        Dictionary(enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The order in which rollouts are asked for a device.
    ///
    /// Those under way with a higher priority come first; of equals, the newer one.
    ///
    /// - Precondition: The newest is the first.
    var inOrderOfRule: [RolloutRecord] {
        func rank(_ rollout: RolloutRecord) -> Int {
            (rollout.state.isUnderWay ? rollout.priority : .standard).rank
        }
        return enumerated().sorted { left, right in
            let ranks = (rank(left.element), rank(right.element))
            return ranks.0 == ranks.1 ? left.offset < right.offset : ranks.0 > ranks.1
        }.map(\.element)
    }
}
