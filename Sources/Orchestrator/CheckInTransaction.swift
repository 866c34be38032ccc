internal import Model
internal import Rollouts
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

    struct Answer: Sendable {
        let order: Order
        /// Whether an offer was decided, so that a gate may have something to say.
        let hasSettled: Bool
    }

    func run() throws -> Answer {
        let old = try store.device(checkIn.device)
        if let old {
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
        let device = record(following: old)
        try store.save(device)
        if old == nil { try log("enrolled as \(device.hardware)", rollout: nil) }
        guard device.lifecycle == .active else { return Answer(order: .retire, hasSettled: false) }
        if let offer = try store.openOffer(of: device.id) {
            return try settle(offer, device)
        }
        return Answer(order: try orderWithoutOffer(device), hasSettled: false)
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
            enrolled: old?.enrolled ?? now)
    }

    // MARK: With an offer

    private func settle(_ offer: OfferRecord, _ device: DeviceRecord) throws -> Answer {
        let rollout = try store.rollout(offer.rollout)
        let plan = try rollout.map { try orchestrator.plan(of: $0) }
        let isOffered = rollout.flatMap { plan?.openWave(in: $0.state) } != nil
        let settlement = Settlement(of: offer, by: checkIn, isOffered: isOffered)
        var offer = offer
        switch settlement {
        case .proven:
            offer.outcome = .proven
            try close(offer, "proven: booted \(offer.release) in \(device.bootID)")
            return Answer(order: .none, hasSettled: true)
        case .failed(let failure):
            offer.outcome = .failed(failure)
            try close(offer, "failed: \(failure)")
            return Answer(order: .none, hasSettled: true)
        case .withdrawn:
            offer.outcome = .cancelled
            try close(offer, "withdrawn")
            return Answer(order: .cancel(offer.nonce), hasSettled: true)
        case .renewed, .underTrial:
            if let plan { offer.expires = now.advanced(by: plan.spec.gate.overdueAfter) }
            try store.update(offer)
            return Answer(
                order: settlement == .renewed ? .offer(offer) : .none, hasSettled: false)
        }
    }

    private func close(_ offer: OfferRecord, _ what: String) throws {
        try store.update(offer)
        try log(what, rollout: offer.rollout)
    }

    // MARK: Without an offer

    private func orderWithoutOffer(_ device: DeviceRecord) throws -> Order {
        // Work on an offer that is no longer open, or never was, is for nothing.
        switch checkIn.phase {
        case .downloading(let stale, _, _), .installed(let stale): return .cancel(stale)
        case .trial, .proven: return .none
        case .idle, .failed: break
        }
        for rollout in try store.rollouts() {
            let plan = try orchestrator.plan(of: rollout)
            switch try decision(of: rollout, plan, device) {
            case .offer(let wave, let image):
                return .offer(try lease(rollout, plan, wave: wave, image: image, device))
            case .no(let refusal):
                if refusal.endsTheSearch { return .none }
            }
        }
        return .none
    }

    private func decision(
        of rollout: RolloutRecord, _ plan: RolloutPlan, _ device: DeviceRecord
    ) throws -> AdmissionDecision {
        plan.admission(
            of: device.facts, bucket: orchestrator.bucket(in: rollout.name)(device.id),
            state: rollout.state,
            image: try store.image(of: plan.spec.release, for: device.hardware)?.planned,
            openLeases: try store.openOfferCount(in: rollout.name),
            attempt: try store.attempt(of: device.id, in: rollout.name)?.attempt)
    }

    /// Takes the lease in the transaction that counted the others (promise P4).
    private func lease(
        _ rollout: RolloutRecord, _ plan: RolloutPlan, wave: Int, image: PlannedImage,
        _ device: DeviceRecord
    ) throws -> OfferRecord {
        let release = plan.spec.release
        guard let record = try store.image(of: release, for: device.hardware) else {
            throw Refusal.store(.conflict)
        }
        let offer = OfferRecord(
            nonce: nonce, device: device.id, rollout: rollout.name, wave: wave, release: release,
            image: record.image, bootID: device.bootID, issued: now,
            expires: now.advanced(by: plan.spec.gate.overdueAfter), outcome: .open)
        try store.add(offer)
        try log("offered \(release) in wave \(wave + 1)", rollout: rollout.name)
        return offer
    }

    private func log(_ what: String, rollout: RolloutName?) throws {
        try store.add(
            EventRecord(at: now, device: checkIn.device, rollout: rollout, what: what))
    }
}

extension AdmissionRefusal {
    /// Whether no older rollout has a say either: the newest that reaches a device governs it.
    var endsTheSearch: Bool {
        switch self {
        case .holdsLease, .attemptProven, .attemptFailed, .capReached,
            .ineligible(.alreadyInstalled):
            true
        case .notRunning, .ineligible, .inNoWave, .waveNotOpen: false
        }
    }
}

extension DeviceRecord {
    /// What rollouts decide by; a release counts only once the device keeps it.
    var facts: DeviceFacts {
        DeviceFacts(
            id: id, hardware: hardware, release: isConfirmed ? release : nil,
            image: isConfirmed ? image : nil, attributes: attributes, lastSeen: lastSeen,
            isActive: lifecycle == .active)
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
