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

    /// How much of a fleet is looked at in one go: what takes so much time that nobody minds.
    enum Share: Int {
        /// While nobody waits, for less than a tenth of a second.
        case ahead = 10_000
        /// While other writes wait, for a few milliseconds.
        case inPassing = 1000

        /// Those who have been tried take less, and are passed over by the store.
        fileprivate var places: Int { 2 * rawValue }
        /// To look at what a device would get takes longer than to see which wave it is in.
        fileprivate static let fullLook = 10
    }

    /// Whether there is one, or there may be: a large fleet is looked at part by part, and as long as
    /// not everybody was, nobody knows.
    func mayFind(lookingAt share: Share) throws -> Bool {
        guard let version = try store.rolloutsVersion() else { return try count() > 0 }
        let known = orchestrator.memory.untried(in: rollout.name)
        let hasEnded = known?.version == version && known?.ended != nil
        var pass =
            if let known, known.version == version, known.ended == nil { known } else {
                UntriedPass(version, startingAt: hasEnded ? nil : known?.place)
            }
        let isFound = try look(on: &pass, share)
        // A small fleet is looked at again; of a large one, what was seen a moment ago is believed.
        let isUnknown = !isFound && pass.ended == nil
        if isUnknown, hasEnded, known?.isTrusted(at: moment) ?? false { return false }
        orchestrator.memory.keep(pass, in: rollout.name)
        return isFound || isUnknown
    }

    /// Goes on with the pass; where one is found, the next begins there.
    private func look(on pass: inout UntriedPass, _ share: Share) throws -> Bool {
        var work = 0
        // A small fleet is through after the part up to its end and the one before the start.
        for _ in 0..<2 where pass.ended == nil {
            let end = try store.device(placesBehind: share.places, pass.place)
            var (stop, isFound) = (nil as DeviceID?, false)
            try store.forEachUntried(
                in: rollout.name, heardAfter: aliveSince, within: pass.range(upTo: end)
            ) { device, hardware in
                guard work < share.rawValue else {
                    stop = device
                    return false
                }
                work += 1
                // Most of a fleet is in later waves, which needs no further question.
                guard own.mayReach(device, hardware) else { return true }
                work += Share.fullLook
                guard try isUntried(device) else { return true }
                (stop, isFound) = (device, true)
                return false
            }
            if isFound {
                pass = UntriedPass(pass.version, startingAt: stop)
                return true
            }
            if let stop {
                pass.stop(before: stop)
                return false
            }
            pass.pass(end, at: moment)
        }
        return false
    }

    /// How many there are, counted up to ``WaveEvidence/mostUntried``.
    func count() throws -> Int {
        var count = 0
        try store.forEachUntried(in: rollout.name, heardAfter: aliveSince, within: .all) {
            device, hardware in
            if own.mayReach(device, hardware), try isUntried(device) { count += 1 }
            return count < WaveEvidence.mostUntried
        }
        return count
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
