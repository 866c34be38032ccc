internal import Model
internal import Rollouts

/// What an offer does to the books: the lease, the device's attempt, and its record of failures.
///
/// An offer begins and ends nowhere else, so that the three always agree.
extension Orchestrator {
    func open(
        _ offer: OfferRecord, for device: DeviceRecord, _ store: any StoreWriter
    ) throws {
        // Who changes an attribute meanwhile goes on counting where the lease was taken.
        try store.add(offer, values: device.attributes.values)
        if var attempt = try store.attemptRecord(of: device.id, in: offer.rollout) {
            attempt.tryAgain(in: offer.wave)
            try store.save(attempt)
        } else {
            let attempt = AttemptRecord(offer.rollout, device.facts, wave: offer.wave)
            try store.save(attempt)
            // As they are now: what an update changes must not make a kind of its failures.
            let scope = try store.rollout(offer.rollout)?.scope.attributes ?? []
            try store.add(
                values: device.attributes.values.filter { scope.contains($0.key) }, of: attempt)
        }
    }

    /// Ends the lease, and lets the gate look in the same transaction: no other offer fits in
    /// between (promise P3).
    func end(
        _ offer: OfferRecord, as outcome: OfferRecord.Outcome, _ store: any StoreWriter,
        at moment: Instant
    ) throws {
        try close(offer, as: outcome, store, at: moment)
        try askGate(of: offer.rollout, store, at: moment)
        // Whoever proves what was stopped meanwhile has to go back, too.
        if outcome == .proven { try revertIfStopped(offer.rollout, store, at: moment) }
    }

    /// The same for many offers at once, whose gates are asked afterwards.
    func close(
        _ offer: OfferRecord, as outcome: OfferRecord.Outcome, _ store: any StoreWriter,
        at moment: Instant
    ) throws {
        var offer = offer
        offer.outcome = outcome
        offer.decided = moment
        try store.update(offer)
        try record(offer, store, at: moment)
        if var device = try store.device(offer.device),
            count(offer.outcome, of: &device, at: moment)
        {
            try store.save(device, at: moment)
            try tellQuarantine(of: device, store, at: moment)
        }
        try store.add(
            EventRecord(
                at: moment, device: offer.device, rollout: offer.rollout,
                what: outcome.sentence(of: offer)))
    }

    private func record(
        _ offer: OfferRecord, _ store: any StoreWriter, at moment: Instant
    ) throws {
        guard var attempt = try store.attemptRecord(of: offer.device, in: offer.rollout) else {
            throw StoreError.failed("offer \(offer.nonce) has no attempt")
        }
        let spec = try store.rollout(offer.rollout).flatMap { try? plan(of: $0).spec }
        switch offer.outcome {
        case .open: return
        case .proven: attempt.prove()
        case .failed(let failure): attempt.fail(failure.kind, at: moment, under: spec)
        case .cancelled:
            guard let earlier = attempt.withoutNewestTry(under: spec) else {
                return try store.removeAttempt(of: offer.device, in: offer.rollout)
            }
            attempt = earlier
        }
        try store.save(attempt)
    }

    /// Counts failures in a row, and keeps back a device that has too many.
    ///
    /// - Returns: Whether the device's record has changed.
    private func count(
        _ outcome: OfferRecord.Outcome, of device: inout DeviceRecord, at moment: Instant
    ) -> Bool {
        switch outcome {
        case .open, .cancelled: return false
        case .proven:
            guard device.failuresInARow > 0 else { return false }
            device.failuresInARow = 0
        case .failed(let failure):
            device.failuresInARow += 1
            device.lastFailure = failure
            if device.quarantined == nil, device.failuresInARow >= settings.quarantineAfter {
                device.quarantined = moment
            }
        }
        return true
    }

    private func tellQuarantine(
        of device: DeviceRecord, _ store: any StoreWriter, at moment: Instant
    ) throws {
        guard device.quarantined == moment else { return }
        try store.add(
            EventRecord(
                at: moment, device: device.id, rollout: nil,
                what: "quarantined: it failed \(device.failuresInARow) times in a row"))
    }
}

extension OfferRecord.Outcome {
    /// What is written down of the end of `offer`.
    fileprivate func sentence(of offer: OfferRecord) -> String {
        switch self {
        case .open: "offered"
        case .proven: "proven: booted \(offer.release)"
        case .failed(let failure): "failed: \(failure)"
        case .cancelled: "withdrawn"
        }
    }
}
