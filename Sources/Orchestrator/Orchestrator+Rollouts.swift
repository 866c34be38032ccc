public import Model
internal import Rollouts
internal import Trust
public import Wire

extension Orchestrator {
    /// What a rollout file would do to the fleet as it is; changes nothing.
    public func plan(_ file: RolloutFile) async throws(Refusal) -> PlanSummary {
        let spec = try Self.spec(of: file)
        let moment = now()
        return try await read { store in try planning(spec, file, store, at: moment).summary }
    }

    /// Starts exactly the plan with this digest; the same request again changes nothing.
    public func start(
        _ request: StartRequest, by author: OperatorName
    ) async throws(Refusal) -> RolloutSummary {
        let spec = try Self.spec(of: request.file)
        let moment = now()
        return try await write { store in
            if let existing = try store.rollout(spec.name) {
                guard existing.planDigest == request.digest else {
                    throw Refusal.conflict("there is a rollout called \(spec.name) already")
                }
                return try summary(of: existing, store, at: moment)
            }
            let planning = try planning(spec, request.file, store, at: moment)
            guard planning.summary.digest == request.digest else {
                throw Refusal.conflict(
                    "the plan is another one by now (\(planning.summary.digest)): "
                        + planning.summary.waves.map { "\($0.name) \($0.devices) devices" }
                        .joined(separator: ", ") + "; look at `rollout plan` again")
            }
            var record = planning.record(at: moment, by: author)
            record.state = try planning.plan.transition(
                from: record.state, on: .start(at: moment)
            ).state
            try store.add(record)
            try store.add(
                EventRecord(
                    at: moment, device: nil, rollout: spec.name,
                    what: "started by \(author): \(record.state)"))
            return try summary(of: record, store, at: moment)
        }
    }

    /// What an operator may ask of a rollout that was started.
    public enum Control: String, Hashable, Sendable, CaseIterable {
        case pause
        case resume
        case abort
    }

    public func control(
        _ name: RolloutName, _ control: Control, by operator: OperatorName
    ) async throws(Refusal) -> RolloutSummary {
        let moment = now()
        let event: RolloutEvent =
            switch control {
            case .pause: .pause
            case .resume: .resume(at: moment)
            case .abort: .abort(.operatorRequest)
            }
        return try await write { store in
            let rollout = try Self.existing(name, store)
            let transition: Transition
            do {
                transition = try plan(of: rollout).transition(from: rollout.state, on: event)
            } catch let error as IllegalTransition { throw Refusal.conflict("\(error)") }
            try save(transition, of: rollout, store, at: moment, by: `operator`)
            return try summary(of: Self.existing(name, store), store, at: moment)
        }
    }

    /// Lets the open wave be followed by the next, as far as approval goes.
    ///
    /// - Throws: ``Refusal/conflict(_:)`` for the author, and where there is nothing to approve.
    public func approve(
        _ name: RolloutName, by approver: OperatorName
    ) async throws(Refusal) -> RolloutSummary {
        let moment = now()
        return try await write { store in
            let rollout = try Self.existing(name, store)
            let plan = try plan(of: rollout)
            guard case .running(let wave, let since, _, _) = rollout.state,
                plan.waves[wave].spec.needsApproval
            else {
                throw Refusal.conflict(
                    "nothing of rollout \(name) waits for approval: it is \(rollout.state)")
            }
            guard approver != rollout.author else {
                throw Refusal.conflict(
                    "\(approver) started rollout \(name); somebody else has to approve")
            }
            try store.add(
                ApprovalRecord(
                    rollout: name, wave: wave, since: since, by: approver, at: moment))
            try store.add(
                EventRecord(
                    at: moment, device: nil, rollout: name,
                    what: "wave \(wave + 1) approved by \(approver)"))
            try askGate(of: name, store, at: moment)
            return try summary(of: Self.existing(name, store), store, at: moment)
        }
    }

    public func rollouts() async throws(Refusal) -> [RolloutSummary] {
        let moment = now()
        return try await read { store in
            try store.rollouts().map { try summary(of: $0, store, at: moment) }
        }
    }

    public func rollout(_ name: RolloutName) async throws(Refusal) -> RolloutSummary {
        let moment = now()
        return try await read { store in
            try summary(of: Self.existing(name, store), store, at: moment)
        }
    }

    private static func existing(
        _ name: RolloutName, _ store: any StoreReader
    ) throws -> RolloutRecord {
        guard let rollout = try store.rollout(name) else {
            throw Refusal.unknown("there is no rollout called \(name)")
        }
        return rollout
    }

    private static func spec(of file: RolloutFile) throws(Refusal) -> RolloutSpec {
        do { return try RolloutSpec(file) } catch { throw .invalid("\(error)") }
    }

    /// The plan that was started, put together from what was stored.
    func plan(of rollout: RolloutRecord) throws -> RolloutPlan {
        let file = try RolloutFile(
            parsing: rollout.fileJSON, limitBytes: settings.limits.requestBytes)
        let plan = RolloutPlan(
            restoring: try RolloutSpec(file), listed: rollout.listed,
            deviceCounts: rollout.deviceCounts, excluded: [:], hardware: rollout.hardware)
        guard let plan else {
            throw StoreError.failed("the stored plan of rollout \(rollout.name) is damaged")
        }
        return plan
    }

    private func planning(
        _ spec: RolloutSpec, _ file: RolloutFile, _ store: any StoreReader, at moment: Instant
    ) throws -> Planning {
        if case .fixed(let zone)? = spec.limits.window?.zone,
            zones.secondsFromUTC(in: zone, at: moment) == nil
        {
            throw Refusal.invalid(
                "limits.window.zone: there is no time zone \(zone), so the window never opens")
        }
        let records = try store.images(of: spec.release)
        guard !records.isEmpty else {
            throw Refusal.invalid("release: \(spec.release) is not published")
        }
        var images: [HardwareModel: PlannedImage] = [:]
        for record in records {
            for model in record.hardware { images[model] = record.planned }
        }
        var planner = RolloutPlanner(
            spec, images: images, in: context(at: moment), bucket: bucket(in: spec.name))
        try store.forEachDevice { planner.count($0) }
        // Whoever goes back needs an image that is there and may be gone back to.
        let all = try store.images()
        func mayReturn(to release: ReleaseID, on model: HardwareModel) -> Bool {
            all.contains {
                $0.release == release && $0.hardware.contains(model) && $0.mayDowngrade
            }
        }
        do {
            return Planning(
                file: file, detailed: try planner.finish(mayReturn: mayReturn), images: images,
                hashing: cryptography.hashing)
        } catch { throw Refusal.invalid("\(error)") }
    }

    private func summary(
        of rollout: RolloutRecord, _ store: any StoreReader, at moment: Instant
    ) throws -> RolloutSummary {
        let plan = try plan(of: rollout)
        let evidence = try evidence(for: rollout, plan, store, at: moment)
        let verdict = plan.verdict(in: rollout.state, evidence: evidence, at: moment)
        let tallies = try store.tallies(of: rollout.name)
        let waves = plan.waves.enumerated().map { index, wave in
            let tally = tallies.first { $0.wave == index }
            return RolloutSummary.Wave(
                name: wave.spec.name, devices: wave.deviceCount, offered: tally?.open ?? 0,
                proven: tally?.proven ?? 0, failed: tally?.failed ?? 0)
        }
        return RolloutSummary(
            name: rollout.name, release: plan.spec.release, state: rollout.state.word,
            reason: try
                ([rollout.state.reason ?? verdict.map { "\($0)" } ?? ""]
                + store.pausedStrata(of: rollout.name).map { "paused for \($0.reason)" })
                .filter { !$0.isEmpty }.joined(separator: "; "),
            wave: rollout.state.openWave, waves: waves, created: rollout.created,
            plan: rollout.planDigest)
    }
}

extension RolloutState {
    /// The one word for this state.
    var word: String {
        switch self {
        case .draft: "draft"
        case .running: "running"
        case .paused: "paused"
        case .completed: "completed"
        case .aborted: "aborted"
        }
    }

    fileprivate var reason: String? {
        switch self {
        case .draft, .running, .completed: nil
        case .paused(_, let reason, _, _): "\(reason)"
        case .aborted(let reason): "\(reason)"
        }
    }

    fileprivate var openWave: Int? {
        switch self {
        case .running(let wave, _, _, _), .paused(let wave, _, _, _): wave
        case .draft, .completed, .aborted: nil
        }
    }
}
