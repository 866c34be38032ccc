public import Model
public import Rollouts
internal import Wire

/// What one check-in changes, inside one transaction.
struct CheckInTransaction {
    let orchestrator: Orchestrator
    let store: any StoreWriter
    let checkIn: CheckIn
    let key: Ed25519PublicKey
    let now: Instant
    /// For the offer that may come of it.
    let nonce: Nonce

    /// What the device is told.
    enum Order: Hashable, Sendable {
        case none
        case offer(OfferRecord)
        case cancel(Nonce)
        case retire
    }

    func run() throws -> Order {
        if let old = try store.device(checkIn.device) {
            // Looked at again inside the transaction: two may have come at once.
            guard old.publicKey == key else {
                throw Refusal.stranger("device \(checkIn.device) has another key")
            }
            guard checkIn.sequence > old.sequence else {
                throw Refusal.conflict(
                    "check-in \(checkIn.sequence) of device \(checkIn.device) came before or was"
                        + " replayed: the last was \(old.sequence)")
            }
        }
        try endOverdueLease()
        let old = try store.device(checkIn.device)
        let device = record(following: old)
        try store.save(device)
        if old == nil { try log("enrolled as \(device.hardware)", rollout: nil) }
        if case .failed(_, let failure) = checkIn.phase, let indicator = failure.indicator {
            try log(
                "reports what may be an attack (\(indicator.rawValue)): \(failure.detail)",
                rollout: nil)
        }
        guard device.lifecycle == .active else { return .retire }
        if let offer = try store.openOffer(of: device.id) {
            return try settle(offer, device)
        }
        return try orderWithoutOffer(device)
    }

    /// A lease that is over is over, though nobody has looked since.
    private func endOverdueLease() throws {
        guard let offer = try store.openOffer(of: checkIn.device), offer.expires <= now else {
            return
        }
        try orchestrator.expire(offer, store, at: now)
        try orchestrator.askGate(of: offer.rollout, store, at: now)
    }

    private func record(following old: DeviceRecord?) -> DeviceRecord {
        let boot = checkIn.boot
        var failure = old?.lastFailure
        if case .failed(_, let new) = checkIn.phase { failure = new }
        return DeviceRecord(
            id: checkIn.device, hardware: checkIn.hardware, publicKey: key,
            sequence: checkIn.sequence, lifecycle: old?.lifecycle ?? .active, slot: boot.slot,
            bootID: boot.bootID, release: boot.release, image: boot.sha256,
            isConfirmed: boot.isConfirmed, phaseJSON: checkIn.phase.bytes, lastFailure: failure,
            attributes: checkIn.attributes ?? old?.attributes ?? .none, lastSeen: now,
            enrolled: old?.enrolled ?? now, heldReason: old?.heldReason)
    }

    // MARK: With an offer

    private func settle(_ offer: OfferRecord, _ device: DeviceRecord) throws -> Order {
        let rollout = try store.rollout(offer.rollout)
        // A plan that cannot be read offers nothing.
        let plan = rollout.flatMap { try? orchestrator.plan(of: $0) }
        let isPublished =
            try store.image(of: offer.release, for: device.hardware)?.image == offer.image
        let isPaused = try store.pausedStrata(of: offer.rollout).contains {
            $0.stratum.holds(device.facts)
        }
        let isOffered =
            isPublished && !isPaused && device.heldReason == nil
            && rollout.flatMap { plan?.openWave(in: $0.state) } != nil
        let settlement = Settlement(of: offer, by: checkIn, isOffered: isOffered)
        var offer = offer
        switch settlement {
        case .proven:
            offer.outcome = .proven
            try close(offer, "proven: booted \(offer.release) in \(device.bootID)")
            return .none
        case .failed(let failure):
            offer.outcome = .failed(failure)
            try close(offer, "failed: \(failure)")
            return .none
        case .withdrawn:
            offer.outcome = .cancelled
            try close(offer, "withdrawn")
            return .cancel(offer.nonce)
        case .renewed, .underTrial:
            if let plan { offer.expires = now.advanced(by: plan.spec.gate.overdueAfter) }
            try store.update(offer)
            return settlement == .renewed ? .offer(offer) : .none
        }
    }

    /// The gate hears of it in this very transaction: no other offer fits in between (promise P3).
    private func close(_ offer: OfferRecord, _ what: String) throws {
        try store.update(offer)
        try log(what, rollout: offer.rollout)
        try orchestrator.askGate(of: offer.rollout, store, at: now)
    }

    // MARK: Without an offer

    private func orderWithoutOffer(_ device: DeviceRecord) throws -> Order {
        // Work on an offer that is no longer open, or never was, is for nothing.
        switch checkIn.phase {
        case .downloading(let stale, _, _), .installed(let stale): return .cancel(stale)
        case .trial, .proven: return .none
        case .idle, .failed: break
        }
        var search = RolloutSearch(
            orchestrator: orchestrator, store: store, device: device, at: now)
        for rollout in try store.rollouts() {
            switch try search.ruling(of: rollout) {
            case .offer(let plan, let wave):
                return .offer(try lease(rollout, plan, wave: wave, device))
            case .governed: return .none
            case .no: continue
            }
        }
        return .none
    }

    /// Takes the lease in the transaction that counted the others (promise P4).
    private func lease(
        _ rollout: RolloutRecord, _ plan: RolloutPlan, wave: Int, _ device: DeviceRecord
    ) throws -> OfferRecord {
        let release = plan.spec.release
        guard let record = try store.image(of: release, for: device.hardware) else {
            throw Refusal.store(.conflict)
        }
        let offer = OfferRecord(
            nonce: nonce, device: device.id, rollout: rollout.name, wave: wave, release: release,
            image: record.image, bootID: device.bootID, issued: now,
            expires: now.advanced(by: plan.spec.gate.overdueAfter), outcome: .open)
        // Who changes an attribute meanwhile goes on counting where the lease was taken.
        try store.add(offer, values: device.attributes.values)
        try log("offered \(release) in wave \(wave + 1)", rollout: rollout.name)
        return offer
    }

    private func log(_ what: String, rollout: RolloutName?) throws {
        try store.add(
            EventRecord(at: now, device: checkIn.device, rollout: rollout, what: what))
    }
}

extension DeviceRecord {
    /// What rollouts decide by.
    var facts: DeviceFacts {
        DeviceFacts(
            id: id, hardware: hardware, booted: release, image: image, isConfirmed: isConfirmed,
            attributes: attributes, lastSeen: lastSeen, lifecycle: lifecycle,
            isHeld: heldReason != nil)
    }
}

extension DeviceFacts {
    /// What rollouts decide by; a release counts only once the device keeps it.
    ///
    /// The only place that tells it from what a store keeps.
    public init(
        id: DeviceID, hardware: HardwareModel, booted release: ReleaseID?, image: Digest?,
        isConfirmed: Bool, attributes: Attributes, lastSeen: Instant,
        lifecycle: DeviceRecord.Lifecycle, isHeld: Bool
    ) {
        self.init(
            id: id, hardware: hardware, release: isConfirmed ? release : nil,
            image: isConfirmed ? image : nil, attributes: attributes, lastSeen: lastSeen,
            isActive: lifecycle == .active && !isHeld)
    }
}

extension ImageRecord {
    var planned: PlannedImage {
        PlannedImage(
            sha256: image.sha256, length: image.length, version: release.version,
            from: from.sorted(), mayDowngrade: mayDowngrade)
    }
}

extension OfferRecord {
    /// What the device has made of the rollout; `nil` when the offer was taken back.
    var attempt: Attempt? {
        switch outcome {
        case .open: .underWay
        case .proven: .proven
        case .failed(let failure): .failed(failure.kind)
        case .cancelled: nil
        }
    }
}

extension StoreReader {
    func image(of release: ReleaseID, for hardware: HardwareModel) throws -> ImageRecord? {
        try images(of: release).first { $0.hardware.contains(hardware) }
    }
}
