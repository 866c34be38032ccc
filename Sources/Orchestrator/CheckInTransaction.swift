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
        /// To come back; where it waits for a place under a limit, after so long at most.
        case wait(atMost: Duration?)
        case offer(OfferRecord, deferUntil: Instant?)
        case cancel(Nonce)
        case retire(wipe: Bool)
    }

    func run() throws -> Order {
        var old = try store.device(checkIn.device)
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
        var attempts = try store.attempts(of: checkIn.device)
        // Who holds a lease has an attempt under way.
        var offer =
            attempts.values.contains(.underWay) ? try store.openOffer(of: checkIn.device) : nil
        if let overdue = offer, try orchestrator.isOver(overdue, store, at: now) {
            try end(overdue: overdue)
            (old, offer) = (try store.device(checkIn.device), nil)
            attempts = try store.attempts(of: checkIn.device)
        }
        if let old, old.lifecycle == .retired { return try hear(retired: old) }
        let device = try old.map { record(following: $0) } ?? enrolled()
        try store.save(device, replacing: old, at: now)
        if case .failed(_, let failure) = checkIn.phase, let indicator = failure.indicator {
            try log(
                "reports what may be an attack (\(indicator.rawValue)): \(failure.detail)",
                rollout: nil)
        }
        if let offer { return try settle(offer, device) }
        return try orderWithoutOffer(device, attempts)
    }

    /// A lease that is over is over, though nobody has looked since.
    private func end(overdue offer: OfferRecord) throws {
        try orchestrator.expire(offer, store, at: now)
        try orchestrator.askGate(of: offer.rollout, store, at: now)
    }

    private func record(following old: DeviceRecord) -> DeviceRecord {
        var device = old
        device.hardware = checkIn.hardware
        device.sequence = checkIn.sequence
        device.slot = checkIn.boot.slot
        device.bootID = checkIn.boot.bootID
        device.release = checkIn.boot.release
        device.image = checkIn.boot.sha256
        device.isConfirmed = checkIn.boot.isConfirmed
        device.phaseJSON = checkIn.phase.bytes
        if case .failed(_, let failure) = checkIn.phase { device.lastFailure = failure }
        device.reportedAttributes = checkIn.attributes ?? old.reportedAttributes
        device.lastSeen = now
        return device
    }

    /// A device that is heard of for the first time, with what the inventory has of it.
    private func enrolled() throws -> DeviceRecord {
        try orchestrator.enrol(checkIn, store, at: now)
        let expected = try store.expectedDevice(checkIn.device)
        if let expected {
            try refuse(unless: expected)
            try store.removeExpectedDevice(expected.id)
        }
        let plan = expected?.plannedBy.map { ", as planned by \($0)" } ?? ""
        try log("enrolled as \(checkIn.hardware)\(plan)", rollout: nil)
        let boot = checkIn.boot
        var failure: Failure?
        if case .failed(_, let new) = checkIn.phase { failure = new }
        return DeviceRecord(
            id: checkIn.device, hardware: checkIn.hardware, publicKey: key,
            sequence: checkIn.sequence, lifecycle: .active, slot: boot.slot, bootID: boot.bootID,
            release: boot.release, image: boot.sha256, isConfirmed: boot.isConfirmed,
            phaseJSON: checkIn.phase.bytes, lastFailure: failure,
            reportedAttributes: checkIn.attributes ?? .none,
            setAttributes: expected?.attributes ?? .none, lastSeen: now, enrolled: now)
    }

    /// That its key is the one of the inventory is a part of what lets it in.
    private func refuse(unless expected: ExpectedDevice) throws(Refusal) {
        guard expected.hardware ?? checkIn.hardware == checkIn.hardware else {
            throw .conflict(
                "device \(expected.id) says that it is a \(checkIn.hardware), and the inventory"
                    + " has it as another model")
        }
    }

    /// Its word counts no more, but for that it has erased itself; its key is good for nothing else.
    private func hear(retired old: DeviceRecord) throws -> Order {
        var device = old
        device.sequence = checkIn.sequence
        device.lastSeen = now
        if let report = checkIn.wipe, device.retirement?.wipe == .demanded {
            switch report {
            case .done:
                device.retirement?.wipe = .done(at: now)
                try log("says that it has erased itself", rollout: nil)
            case .failed(let detail):
                device.retirement?.wipe = .failed(detail, at: now)
                try log("says that it could not erase itself: \(detail)", rollout: nil)
            }
        }
        try store.save(device, replacing: old, at: now)
        return .retire(wipe: device.retirement?.wipe == .demanded)
    }

    // MARK: With an offer

    private func settle(_ offer: OfferRecord, _ device: DeviceRecord) throws -> Order {
        let settlement = Settlement(
            of: offer, by: checkIn, isOffered: try isStillOffered(offer, device))
        switch settlement {
        case .proven:
            try orchestrator.end(offer, as: .proven, store, at: now)
            return .wait(atMost: nil)
        case .failed(let failure):
            try orchestrator.end(offer, as: .failed(failure), store, at: now)
            return .wait(atMost: nil)
        case .withdrawn:
            try orchestrator.end(offer, as: .cancelled, store, at: now)
            return .cancel(offer.nonce)
        case .renewed, .underTrial:
            var offer = offer
            offer.heard = now
            let spec = try plan(of: offer)?.spec
            if let spec { offer.expires = now.advanced(by: spec.gate.overdueAfter) }
            try store.update(offer)
            guard settlement == .renewed else { return .wait(atMost: nil) }
            return .offer(offer, deferUntil: spec.map { offer.issued.advanced(by: $0.deferFor) })
        }
    }

    /// A plan that cannot be read offers nothing.
    private func plan(of offer: OfferRecord) throws -> RolloutPlan? {
        try store.rollout(offer.rollout).flatMap { try? orchestrator.plan(of: $0) }
    }

    /// Whether the offer may go on, as far as it is not installed yet.
    private func isStillOffered(_ offer: OfferRecord, _ device: DeviceRecord) throws -> Bool {
        let facts = device.facts
        guard facts.isActive, facts.pin ?? offer.release == offer.release,
            let rollout = try store.rollout(offer.rollout),
            try plan(of: offer)?.openWave(in: rollout.state) != nil,
            try store.image(of: offer.release, for: device.hardware)?.image == offer.image,
            try !store.pausedStrata(of: offer.rollout).contains(where: {
                $0.stratum.holds(facts)
            })
        else { return false }
        return try !isPreempted(offer, facts)
    }

    /// Whether an emergency would have something else for the device.
    private func isPreempted(_ offer: OfferRecord, _ device: DeviceFacts) throws -> Bool {
        var search = try RolloutSearch(
            orchestrator: orchestrator, store: store, device: device, at: now)
        let urgent = search.rollouts.filter(\.mayTakeOffersBack)
        guard !urgent.contains(where: { $0.name == offer.rollout }) else { return false }
        var trace = AdmissionTrace.off
        for rollout in urgent {
            if case .offer = try search.ruling(of: rollout, trace: &trace) { return true }
        }
        return false
    }

    // MARK: Without an offer

    /// A device that was silent for too long says at last what became of its update.
    ///
    /// That it failed is no better for being late, and it was no silence of the network. A late
    /// proof changes nothing: the deadline had passed (promise P2).
    ///
    /// - Returns: Whether the device's attempt has changed.
    private func hearLateFailure() throws -> Bool {
        guard case .failed(let nonce, let failure) = checkIn.phase,
            var offer = try store.offer(nonce), offer.device == checkIn.device,
            case .failed(let known) = offer.outcome, known.kind == .overdue,
            var attempt = try store.attemptRecord(of: offer.device, in: offer.rollout),
            attempt.standing == .failed, attempt.lastFailure?.kind == .overdue,
            attempt.lastFailure?.at == offer.decided
        else { return false }
        offer.outcome = .failed(failure)
        try store.update(offer)
        attempt.lastFailure?.kind = failure.kind
        try store.save(attempt)
        try log("failed, as it says late: \(failure)", rollout: offer.rollout)
        try orchestrator.askGate(of: offer.rollout, store, at: now)
        return true
    }

    private func orderWithoutOffer(
        _ device: DeviceRecord, _ attempts: [RolloutName: Attempt]
    ) throws -> Order {
        let attempts = try hearLateFailure() ? store.attempts(of: device.id) : attempts
        // Work on an offer that is no longer open, or never was, is for nothing.
        switch checkIn.phase {
        case .downloading(let stale, _, _), .waiting(let stale, _), .installed(let stale):
            return .cancel(stale)
        case .trial, .proven: return .wait(atMost: nil)
        case .idle, .failed: break
        }
        var search = try RolloutSearch(
            orchestrator: orchestrator, store: store, device: device.facts, at: now,
            attempts: attempts)
        var trace = AdmissionTrace.off
        for rollout in search.rollouts {
            switch try search.ruling(of: rollout, trace: &trace) {
            case .offer(let plan, let wave):
                let offer = try lease(rollout, plan, wave: wave, device)
                return .offer(offer, deferUntil: now.advanced(by: plan.spec.deferFor))
            case .governed, .busy, .unreadable: return .wait(atMost: nil)
            case .no(let refusal):
                guard case .waits = refusal.claim, rollout.state.isUnderWay,
                    let wait = try wait(after: refusal, rollout, device.id)
                else { continue }
                return .wait(atMost: wait)
            }
        }
        return .wait(atMost: nil)
    }

    /// When to ask again for a place under a limit, spread so that nobody asks at once; `nil` for a
    /// refusal that no limit is the reason of.
    private func wait(
        after refusal: AdmissionRefusal, _ rollout: RolloutRecord, _ device: DeviceID
    ) throws -> Duration? {
        let bucket = orchestrator.bucket(in: rollout.name)(device)
        guard let pacing = orchestrator.settings.pacing else { return nil }
        switch refusal.waitsFor {
        case nil: return nil
        case .moment(let moment):
            let plan = try orchestrator.plan(of: rollout)
            // How many of them are done is not worth counting each time that one asks.
            return try pacing.pause(
                for: bucket, at: now, notBefore: moment, waiting: reached(by: rollout, plan),
                freePlaces: plan.spec.limits.concurrent)
        case .place:
            let plan = try orchestrator.plan(of: rollout)
            let open = try store.openOfferCount(in: rollout.name)
            let done = try store.provenCount(in: rollout.name)
            return try pacing.pause(
                for: bucket, at: now, waiting: max(0, reached(by: rollout, plan) - open - done),
                freePlaces: max(0, plan.spec.limits.concurrent - open))
        }
    }

    private func reached(by rollout: RolloutRecord, _ plan: RolloutPlan) throws -> Int {
        guard let wave = plan.openWave(in: rollout.state) else { return 0 }
        let leavers = try store.leavers(of: rollout.name).leavers(upTo: wave)
        return max(0, plan.waves[wave].deviceCount - leavers)
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
        try orchestrator.open(offer, for: device, store)
        try log("offered \(release) in wave \(wave + 1)", rollout: rollout.name)
        return offer
    }

    private func log(_ what: String, rollout: RolloutName?) throws {
        try store.add(
            EventRecord(at: now, device: checkIn.device, rollout: rollout, what: what))
    }
}

extension ImageRecord {
    var planned: PlannedImage {
        PlannedImage(
            sha256: image.sha256, length: image.length, version: release.version,
            from: from.sorted(), mayDowngrade: mayDowngrade)
    }
}
