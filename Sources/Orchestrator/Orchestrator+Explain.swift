public import Model
internal import Rollouts
public import Wire

/// Why things are as they are, told by the functions that decide (promise P6).
extension Orchestrator {
    /// How many events an explanation tells.
    private static let eventLimit = 50

    /// Why the device is offered what it is offered, or was at an earlier moment.
    ///
    /// For an earlier moment the rules are asked again about what was known then: the device, the
    /// rollouts and their states, the leases of others. Times are whole seconds. Images are those of
    /// today: what was withdrawn since counts as withdrawn then.
    ///
    /// - Throws: ``Refusal/unknown(_:)`` for a device that was not known then.
    public func explain(
        _ id: DeviceID, at moment: Instant?
    ) async throws(Refusal) -> DeviceExplanation {
        let present = now()
        return try await read { store in
            let at = moment ?? present
            let reader: any RulingReader =
                if let moment { store.history(at: moment, askedBy: id) } else { store }
            guard let device = try reader.facts(of: id) else {
                throw Refusal.unknown(
                    "there is no device called \(id)" + (moment.map { " at \($0)" } ?? ""))
            }
            let asked = try rulings(for: device, reader, at: at)
            return DeviceExplanation(
                device: id, at: at, facts: device.clauses, rollouts: asked.rollouts,
                conclusion: asked.conclusion,
                events: try store.events(of: id, until: at, limit: Self.eventLimit)
                    .map(\.explained))
        }
    }

    private func rulings(
        for device: DeviceFacts, _ reader: any RulingReader, at moment: Instant
    ) throws -> (rollouts: [DeviceExplanation.Asked], conclusion: String) {
        let held = try reader.openOffer(of: device.id)?.rollout
        var search = try RolloutSearch(
            orchestrator: self, store: reader, device: device, at: moment, holdingOfferOf: held)
        var (offer, claim): (String?, String?) = (nil, nil)
        let rollouts = try search.rollouts.map { rollout in
            var trace = AdmissionTrace.on
            let ruling = try search.ruling(of: rollout, trace: &trace)
            if ruling.isOffer { offer = offer ?? "\(rollout.name): \(ruling)" }
            if ruling.isClaim { claim = claim ?? "\(rollout.name): \(ruling)" }
            return DeviceExplanation.Asked(
                rollout: rollout.name, release: try? plan(of: rollout).spec.release,
                steps: trace.steps.map {
                    ExplainedStep(rule: $0.rule.rawValue, detail: $0.detail, holds: $0.holds)
                }, ruling: "\(ruling)")
        }
        let inHand = held.map { "\($0): \(RolloutSearch.Ruling.no(.holdsLease))" }
        return (
            rollouts, inHand ?? offer ?? claim ?? "no rollout has anything for it"
        )
    }

    /// Why the rollout is where it is.
    public func explain(_ name: RolloutName) async throws(Refusal) -> RolloutExplanation {
        let moment = now()
        return try await read { store in
            let rollout = try Self.existing(name, store)
            let plan = try plan(of: rollout)
            let evidence = try evidence(for: rollout, plan, store, at: moment)
            var trace = GateTrace.on
            let verdict = plan.verdict(
                in: rollout.state, evidence: evidence, at: moment, trace: &trace)
            return RolloutExplanation(
                rollout: try summary(of: rollout, store, at: moment), at: moment,
                steps: trace.steps.map {
                    ExplainedStep(rule: $0.rule.rawValue, detail: $0.detail, holds: $0.holds)
                },
                verdict: verdict.map { "\($0)" } ?? "no gate is asked: it is \(rollout.state)",
                events: try store.events(of: name, until: moment, limit: Self.eventLimit)
                    .map(\.explained))
        }
    }
}

extension DeviceFacts {
    /// What is known of the device, a clause each.
    fileprivate var clauses: [String] {
        let known = [
            "hardware \(hardware)", release.map { "runs \($0)" } ?? "what it runs is not known",
            standing.sentence, pin.map { "pinned to \($0)" },
        ]
        return known.compactMap { $0 }
            + attributes.values.sorted { $0.key < $1.key }.map { "\($0) = \($1)" }
    }
}

extension EventRecord {
    fileprivate var explained: ExplainedEvent {
        ExplainedEvent(at: at, device: device, rollout: rollout, what: what)
    }
}
