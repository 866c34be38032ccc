internal import Model
internal import Rollouts

/// Looks for devices that the open wave of a rollout reaches, that are alive, and that were not
/// tried yet: while there is one, the wave does not pass.
struct UntriedSearch {
    private let orchestrator: Orchestrator
    private let store: any StoreReader
    private let rollout: RolloutRecord
    private let own: WaveCandidates
    /// Rollouts that are asked earlier, for what they decide this one need not wait.
    private let others: [(candidates: WaveCandidates, isNewer: Bool)]
    private let book: RolloutBook
    private let context: SelectorContext
    private let moment: Instant

    init(
        in rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreReader,
        _ orchestrator: Orchestrator, at moment: Instant
    ) throws {
        let book = try orchestrator.book(store)
        own = try WaveCandidates(of: rollout, plan, store, orchestrator)
        others = try book.inOrderOfRule
            .prefix { $0.name != rollout.name }.filter(\.state.mayOffer)
            .compactMap { other in
                try book[other.name]?.plan.map {
                    (
                        candidates: try WaveCandidates(of: other, $0, store, orchestrator),
                        isNewer: book.ages[other.name] ?? 0 < book.ages[rollout.name] ?? 0
                    )
                }
            }
        self.orchestrator = orchestrator
        self.store = store
        self.rollout = rollout
        self.book = book
        self.moment = moment
        context = orchestrator.context(at: moment)
    }

    /// Who was not heard of since then is overdue, and nobody waits for them.
    private var aliveSince: Instant {
        moment.advanced(by: .zero - own.plan.spec.gate.overdueAfter)
    }

    /// Whether there is one.
    ///
    /// The one that was found last is asked first, and the search goes on from there, so that all
    /// looks together go through the fleet about once.
    func findsAny() throws -> Bool {
        guard let last = orchestrator.memory.untried(in: rollout.name) else {
            return try finds(.all)
        }
        return try finds(.from(last)) || finds(.before(last))
    }

    private func finds(_ range: UntriedRange) throws -> Bool {
        var found: DeviceID?
        try forEach(range) { device in
            found = device
            return false
        }
        guard let found else { return false }
        orchestrator.memory.keep(untried: found, in: rollout.name)
        return true
    }

    /// How many there are, counted up to ``WaveEvidence/mostUntried``.
    func count() throws -> Int {
        var count = 0
        try forEach(.all) { _ in
            count += 1
            return count < WaveEvidence.mostUntried
        }
        return count
    }

    private func forEach(_ range: UntriedRange, _ body: (DeviceID) -> Bool) throws {
        try store.forEachUntried(in: rollout.name, heardAfter: aliveSince, within: range) {
            device, hardware in
            // Most of a fleet is in later waves, which needs no further question.
            guard own.mayReach(device, hardware), try isUntried(device) else { return true }
            return body(device)
        }
    }

    private func isUntried(_ id: DeviceID) throws -> Bool {
        guard let device = try store.facts(of: id),
            case .offer = own.decision(for: device, attempt: nil, in: context)
        else { return false }
        let attempts = try store.attempts(of: id)
        let isGone = attempts.contains { name, attempt in
            attempt == .proven && book.ages[name] ?? .max < book.ages[rollout.name] ?? 0
        }
        guard !isGone else { return false }
        return !others.contains {
            $0.candidates.takes(
                device, attempt: attempts[$0.candidates.rollout.name], fromOlder: $0.isNewer,
                in: context)
        }
    }
}

/// One rollout's word on many devices, without a question to the store for each.
struct WaveCandidates {
    let rollout: RolloutRecord
    let plan: RolloutPlan
    private let entry: RolloutBook.Entry
    private let openWave: Int?

    init(
        of rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreReader,
        _ orchestrator: Orchestrator
    ) throws {
        guard let entry = try orchestrator.book(store)[rollout.name] else {
            throw StoreError.failed("rollout \(rollout.name) is not there")
        }
        self.rollout = rollout
        self.plan = plan
        self.entry = entry
        openWave = plan.openWave(in: rollout.state)
    }

    /// `false` only for a device that no open wave can reach, whatever else is known of it.
    func mayReach(_ device: DeviceID, _ hardware: HardwareModel) -> Bool {
        guard let openWave, entry.image(for: hardware) != nil else { return false }
        return plan.mayReach(device, bucket: entry.order.bucket(of: device), upTo: openWave)
    }

    func decision(
        for device: DeviceFacts, attempt: Attempt?, in context: SelectorContext
    ) -> AdmissionDecision {
        plan.candidacy(
            of: device, bucket: entry.order.bucket(of: device.id), state: rollout.state,
            image: entry.image(for: device.hardware)?.planned, attempt: attempt,
            paused: entry.paused, in: context)
    }

    /// Whether a rollout that is asked later has no say.
    ///
    /// - Parameter fromOlder: Whether that rollout is older.
    func takes(
        _ device: DeviceFacts, attempt: Attempt?, fromOlder: Bool, in context: SelectorContext
    ) -> Bool {
        switch decision(for: device, attempt: attempt, in: context) {
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
