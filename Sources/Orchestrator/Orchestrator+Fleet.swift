internal import Audit
public import Model
internal import Rollouts
public import Wire

extension Orchestrator {
    /// One device, with the rule by which each rollout decides for it.
    public func device(_ id: DeviceID) async throws(Refusal) -> DeviceSummary {
        let moment = now()
        return try await read { store in
            guard let device = try store.device(id) else {
                throw Refusal.unknown("there is no device called \(id)")
            }
            let held = try store.openOffer(of: id)?.rollout
            var search = try RolloutSearch(
                orchestrator: self, store: store, device: device.facts, at: moment,
                holdingOfferOf: held)
            var trace = AdmissionTrace.off
            let decisions = try search.rollouts.map { rollout in
                DeviceSummary.Decision(
                    rollout: rollout.name,
                    rule: "\(try search.ruling(of: rollout, trace: &trace))")
            }
            return try summary(of: device, rollout: held, decisions)
        }
    }

    /// What an operator may decide about a device.
    public enum DeviceChange: Hashable, Sendable {
        /// Nothing is installed on it, for a reason of 1 to 256 bytes, until it is resumed.
        case hold(reason: String)
        /// Ends a hold and a quarantine.
        case resume
        /// It gets this release and no other, until it is unpinned.
        case pin(ReleaseID)
        case unpin
        /// The key that it has asked to enrol again with takes the place of its own.
        case acceptKey(Ed25519PublicKey)
        /// Operators' own attributes, which win over what the device says; `nil` takes one back.
        case setAttributes([String: String?])
        /// For good; its agent is told to stop asking. One that is retired already may still be told
        /// to erase itself.
        case retire(demandsWipe: Bool)

        public static let reasonByteCount = 1...256
    }

    /// - Throws: ``Refusal/conflict(_:)`` for a device that is retired already.
    public func change(
        _ id: DeviceID, _ change: DeviceChange, by operator: OperatorName,
        if precondition: Precondition = .none
    ) async throws(Refusal) -> DeviceSummary {
        let moment = now()
        return try await write(as: .operator(`operator`), at: moment) { store in
            guard var device = try store.device(id) else {
                throw Refusal.unknown("there is no device called \(id)")
            }
            guard device.lifecycle == .active || change.concernsRetired else {
                throw Refusal.conflict("device \(id) is retired")
            }
            try precondition.check(tag(of: summary(of: device, rollout: nil, [])))
            let what: String
            switch change {
            case .hold(let reason):
                guard DeviceChange.reasonByteCount.contains(reason.utf8.count),
                    reason.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
                else {
                    throw Refusal.invalid(
                        "a reason of 1 to 256 bytes without control characters is needed")
                }
                device.heldReason = reason
                what = "held: \(reason)"
            case .resume:
                device.heldReason = nil
                device.quarantined = nil
                device.failuresInARow = 0
                what = "resumed"
            case .pin(let release):
                device.pin = release
                what = "pinned to \(release)"
            case .unpin:
                device.pin = nil
                what = "unpinned"
            case .acceptKey(let key):
                guard device.askedKey?.key == key else {
                    throw Refusal.conflict("device \(id) has not asked for the key \(key.hex)")
                }
                device.publicKey = key
                // The device counts anew, and has said so at least once.
                device.sequence = 1
                device.askedKey = nil
                // Its id is used again, by an operator's word.
                device.lifecycle = .active
                device.retirement = nil
                try store.removeLeaver(id)
                what = "its key is now \(key.hex)"
            case .setAttributes(let changes):
                device.setAttributes = try device.setAttributes.changed(by: changes)
                what = "its attributes were set: \(changes.keys.sorted().joined(separator: ", "))"
            case .retire(let demandsWipe):
                if device.lifecycle == .active { try noteLeaving(of: id, store, at: moment) }
                device.lifecycle = .retired
                device.askedKey = nil
                device.retirement = Retirement(
                    at: device.retirement?.at ?? moment, wipe: demandsWipe ? .demanded : nil)
                what = demandsWipe ? "retired, and told to erase itself" : "retired"
            }
            try store.save(device, at: moment)
            if let fate = change.fateOfOffer, let offer = try store.openOffer(of: id) {
                try end(
                    offer, as: try device.outcome(self, of: fate), store, at: moment)
            }
            try store.add(
                EventRecord(
                    at: moment, device: id, rollout: nil, what: "\(what) (\(`operator`))"))
            return try summary(of: device, rollout: store.openOffer(of: id)?.rollout, [])
        }
    }

    func summary(
        of device: DeviceRecord, rollout: RolloutName?, _ decisions: [DeviceSummary.Decision]
    ) throws -> DeviceSummary {
        DeviceSummary(
            id: device.id, hardware: device.hardware, lifecycle: device.stage,
            standing: device.facts.standing.sentence, pin: device.pin,
            boot: BootReport(
                slot: device.slot, bootID: device.bootID, release: device.release,
                sha256: device.image, isConfirmed: device.isConfirmed),
            phase: try PhaseReport(
                parsing: device.phaseJSON, limitBytes: settings.limits.messageBytes),
            rollout: rollout, lastFailure: device.lastFailure, lastSeen: device.lastSeen,
            attributes: device.attributes, setAttributes: device.setAttributes,
            retirement: device.retirement, askedKey: device.askedKey?.key,
            decisions: decisions)
    }

    public func release(_ id: ReleaseID) async throws(Refusal) -> ReleaseSummary {
        try await read { store in
            let images = try store.images(of: id)
            guard !images.isEmpty else { throw Refusal.unknown("\(id) is not published") }
            return ReleaseSummary(release: id, images: images.map(\.summary))
        }
    }
}

extension DeviceRecord {
    /// What becomes of the lease of a device that is taken out of the fleet, or begins anew.
    ///
    /// One that may have left its old image has failed: perhaps that is why it is taken out (P2).
    fileprivate func outcome(
        _ orchestrator: Orchestrator, of fate: String
    ) throws -> OfferRecord.Outcome {
        let phase = try PhaseReport(
            parsing: phaseJSON, limitBytes: orchestrator.settings.limits.messageBytes)
        switch phase {
        case .idle, .downloading, .waiting: return .cancelled
        case .installed, .trial, .proven, .failed:
            return .failed(Failure(.overdue, "\(fate) while it was updating"))
        }
    }
}

extension Attributes {
    /// - Throws: ``Refusal/invalid(_:)`` when that would not be attributes.
    fileprivate func changed(by changes: [String: String?]) throws(Refusal) -> Attributes {
        var values = values
        for (name, value) in changes { values[name] = value }
        do { return try Attributes(values) } catch { throw .invalid("\(error)") }
    }
}

extension Orchestrator.DeviceChange {
    /// Whether it may be done to a device that is retired.
    fileprivate var concernsRetired: Bool {
        switch self {
        case .acceptKey, .retire(demandsWipe: true): true
        case .hold, .resume, .pin, .unpin, .setAttributes, .retire(demandsWipe: false): false
        }
    }

    /// Why an open offer ends with this change; `nil` when it goes on.
    fileprivate var fateOfOffer: String? {
        switch self {
        case .hold, .resume, .pin, .unpin, .setAttributes: nil
        case .acceptKey: "it was reset"
        case .retire: "it was retired"
        }
    }
}

extension ImageRecord {
    var summary: ImageSummary {
        ImageSummary(
            image: image, hardware: hardware.sorted(), from: from.sorted(),
            mayDowngrade: mayDowngrade)
    }
}

extension RolloutSearch.Ruling: CustomStringConvertible {
    /// One clause for an operator who asks why.
    var description: String {
        switch self {
        case .offer(let plan, let wave):
            "it is offered \(plan.spec.release) in wave \(wave + 1)"
        case .governed(let name): "the rollout \(name) goes first and decides for it"
        case .busy(let name): "it works on the offer of rollout \(name)"
        case .no(let refusal): "\(refusal)"
        case .unreadable: "this version of the server cannot read its plan"
        }
    }
}

extension DeviceFacts.Standing {
    /// For a person, such as `held: lab`.
    var sentence: String {
        switch self {
        case .active: "active"
        case .held(let reason): "held: \(reason)"
        case .quarantined: "quarantined: it failed again and again"
        case .retired: "retired"
        }
    }
}
