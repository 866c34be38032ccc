internal import Audit
public import Model
internal import Rollouts
internal import Trust
public import Wire

extension Orchestrator {
    /// What a rollout file would do to the fleet as it is.
    ///
    /// Nothing changes, but the plan is kept, so that exactly this one can be started.
    public func plan(_ file: RolloutFile) async throws(Refusal) -> PlanSummary {
        let moment = now()
        let planning: Planning = try await readFleet { store in
            let (spec, file) = try self.spec(of: file, store)
            return try self.planning(spec, file, store, at: moment)
        }
        try await write(as: .server, at: moment) { store in
            try store.add(planning.planRecord(at: moment))
        }
        return planning.summary
    }

    /// Starts exactly the plan with this digest; the same request again changes nothing.
    ///
    /// The fleet is not looked at again, so it takes as long for a million devices as for ten:
    /// percentages and selectors are rules, and the devices that waves name are asked one by one.
    ///
    /// - Throws: ``Refusal/conflict(_:)`` with the difference, when the plan cannot be carried out
    ///   as it was shown.
    public func start(
        _ request: StartRequest, by author: OperatorName, once key: RequestKey? = nil
    ) async throws(Refusal) -> RolloutSummary {
        let moment = now()
        return try await write(as: .operator(author), at: moment, once: key) { store in
            let (spec, file) = try spec(of: request.file, store)
            if let existing = try store.rollout(spec.name) {
                guard existing.planDigest == request.digest else {
                    throw Refusal.conflict("there is a rollout called \(spec.name) already")
                }
                return try summary(of: existing, store, at: moment)
            }
            guard let shown = try store.plan(request.digest) else {
                throw Refusal.conflict(
                    "no plan with the digest \(request.digest) was shown here lately; look at"
                        + " `rollout plan`")
            }
            let differences = try differences(
                of: shown, to: file, spec, store, at: moment)
            guard differences.isEmpty else {
                throw Refusal.conflict(
                    "the plan is another one by now: "
                        + differences.prefix(Self.shownDifferenceCount).joined(separator: "; ")
                        + "; look at `rollout plan` again")
            }
            let record = try begin(
                RolloutRecord(
                    carryingOut: shown, priority: spec.priority, at: moment, by: author),
                store, at: moment, by: author)
            return try summary(of: record, store, at: moment)
        }
    }

    /// The most differences that a refusal names.
    private static let shownDifferenceCount = 10

    /// What has changed since a plan was shown, a clause each.
    private func differences(
        of shown: PlanRecord, to file: RolloutFile, _ spec: RolloutSpec, _ store: any StoreReader,
        at moment: Instant
    ) throws -> [String] {
        let before = try RolloutFile(
            parsing: shown.fileJSON, limitBytes: settings.limits.requestBytes)
        let inFile = before.differences(to: file).map { "\($0)" }
        guard inFile.isEmpty else { return inFile }
        let images = try plannedImages(of: spec.release, store)
        let models = Set(images.keys).union(shown.images.keys).sorted()
        let inImages = models.compactMap { model -> String? in
            switch (shown.images[model], images[model]?.sha256) {
            case (nil, _): "\(spec.release) now has an image for \(model)"
            case (_, nil): "\(spec.release) has no image for \(model) any more"
            case (let old, let new): old == new ? nil : "the image for \(model) is another one"
            }
        }
        guard inImages.isEmpty else { return inImages }
        let ending = Set(try superseded(by: spec, store).map(\.0.name))
        let inEnds =
            ending.subtracting(shown.superseded).sorted().map { "rollout \($0) would end, too" }
            + shown.superseded.filter { !ending.contains($0) }.map { "rollout \($0) has ended" }
        guard inEnds.isEmpty else { return inEnds }
        let context = context(at: moment)
        return try zip(spec.waves, shown.listed).flatMap { wave, devices in
            try devices.compactMap { id -> String? in
                guard let device = try store.facts(of: id) else {
                    return "wave \(wave.name): device \(id) is gone"
                }
                let reason = spec.ineligibility(
                    of: device, image: images[device.hardware], in: context)
                return reason.map { "wave \(wave.name): device \(id): \($0)" }
            }
        }
    }

    /// Writes a new rollout down, starts it, and ends those whose place it takes.
    func begin(
        _ planning: Planning, _ store: any StoreWriter, at moment: Instant, by author: OperatorName
    ) throws -> RolloutRecord {
        try begin(
            RolloutRecord(
                carryingOut: planning.planRecord(at: moment),
                priority: planning.plan.spec.priority, at: moment, by: author),
            store, at: moment, by: author)
    }

    private func begin(
        _ draft: RolloutRecord, _ store: any StoreWriter, at moment: Instant,
        by author: OperatorName
    ) throws -> RolloutRecord {
        var record = draft
        let plan = try plan(of: record)
        record.state = try plan.transition(from: record.state, on: .start(at: moment)).state
        let superseded = try superseded(by: plan.spec, store)
        try store.add(record)
        try store.add(
            EventRecord(
                at: moment, device: nil, rollout: record.name,
                what: "started by \(author): \(record.state)"))
        for (rollout, plan) in superseded {
            let event = RolloutEvent.abort(.superseded(by: record.name))
            try save(
                plan.transition(from: rollout.state, on: event), of: rollout, store, at: moment,
                by: author)
        }
        return record
    }

    /// The unfinished rollouts that end when one of `spec` starts.
    private func superseded(
        by spec: RolloutSpec, _ store: any StoreReader
    ) throws -> [(RolloutRecord, RolloutPlan)] {
        switch spec.supersedes {
        case .none: return []
        case .older:
            return try store.rollouts().filter(\.state.isUnfinished).compactMap { rollout in
                // One that cannot be read offers nothing.
                guard let plan = try? plan(of: rollout),
                    plan.spec.release.name == spec.release.name,
                    plan.spec.release.version < spec.release.version
                else { return nil }
                return (rollout, plan)
            }
        case .named(let names):
            return try names.compactMap { name in
                guard let rollout = try store.rollout(name) else {
                    throw Refusal.invalid("supersedes: there is no rollout called \(name)")
                }
                return rollout.state.isUnfinished ? (rollout, try plan(of: rollout)) : nil
            }
        }
    }

    /// What an operator may ask of a rollout that was started.
    public enum Control: String, Hashable, Sendable, CaseIterable {
        case pause
        case resume
        case abort
    }

    public func control(
        _ name: RolloutName, _ control: Control, by operator: OperatorName,
        if precondition: Precondition = .none
    ) async throws(Refusal) -> RolloutSummary {
        let moment = now()
        let event: RolloutEvent =
            switch control {
            case .pause: .pause
            case .resume: .resume(at: moment)
            case .abort: .abort(.operatorRequest)
            }
        return try await write(as: .operator(`operator`), at: moment) { store in
            let rollout = try Self.existing(name, store)
            try rollout.check(precondition)
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
        _ name: RolloutName, by approver: OperatorName, if precondition: Precondition = .none
    ) async throws(Refusal) -> RolloutSummary {
        let moment = now()
        return try await write(as: .operator(approver), at: moment) { store in
            let rollout = try Self.existing(name, store)
            try rollout.check(precondition)
            let plan = try plan(of: rollout)
            guard case .running(let wave, let since, _) = rollout.state,
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

    /// Lets devices that failed try once more, whatever the rollout's own retries are.
    ///
    /// They go on counting as failed until they have proven the release.
    ///
    /// - Parameter classes: Of their newest failures; empty for all.
    /// - Throws: ``Refusal/conflict(_:)`` when there is no such device.
    public func retry(
        _ name: RolloutName, _ classes: Set<FailureClass>, by operator: OperatorName,
        if precondition: Precondition = .none
    ) async throws(Refusal) -> RolloutSummary {
        let moment = now()
        let wanted = classes.isEmpty ? Set(FailureClass.allCases) : classes
        return try await write(as: .operator(`operator`), at: moment) { store in
            let rollout = try Self.existing(name, store)
            try rollout.check(precondition)
            let count = try store.grantRetry(of: wanted, in: name, at: moment)
            guard count > 0 else {
                throw Refusal.conflict("no device of rollout \(name) failed that way")
            }
            try store.add(
                EventRecord(
                    at: moment, device: nil, rollout: name,
                    what: "\(count) failed devices may try again (\(`operator`))"))
            return try summary(of: Self.existing(name, store), store, at: moment)
        }
    }

    /// Lets devices of one kind in again, and forgives what they failed.
    ///
    /// The open wave soaks anew, and a completed rollout runs again: nobody is let in without a gate.
    ///
    /// - Throws: ``Refusal/conflict(_:)`` unless the rollout is paused for just that kind.
    public func resume(
        _ name: RolloutName, for kind: StratumRequest, by operator: OperatorName,
        if precondition: Precondition = .none
    ) async throws(Refusal) -> RolloutSummary {
        let moment = now()
        let stratum = Stratum(attribute: kind.attribute, value: kind.value)
        return try await write(as: .operator(`operator`), at: moment) { store in
            let rollout = try Self.existing(name, store)
            try rollout.check(precondition)
            guard try store.lift(stratum, in: name, at: moment) else {
                throw Refusal.conflict("rollout \(name) is not paused for \(stratum)")
            }
            try store.forgive(stratum, in: name, at: moment)
            try store.add(
                EventRecord(
                    at: moment, device: nil, rollout: name,
                    what: "resumed for \(stratum) (\(`operator`))"))
            let transition: Transition
            do {
                transition = try plan(of: rollout).transition(
                    from: rollout.state, on: .letIn(at: moment))
            } catch let error as IllegalTransition { throw Refusal.conflict("\(error)") }
            try save(transition, of: rollout, store, at: moment, by: `operator`)
            return try summary(of: Self.existing(name, store), store, at: moment)
        }
    }

    /// Sets failures aside that somebody has looked at, though they stopped nothing.
    ///
    /// - Parameter classes: Of the newest failures.
    /// - Throws: ``Refusal/conflict(_:)`` when none of them counts.
    public func forgive(
        _ name: RolloutName, _ classes: Set<FailureClass>, by operator: OperatorName,
        if precondition: Precondition = .none
    ) async throws(Refusal) -> RolloutSummary {
        let moment = now()
        return try await write(as: .operator(`operator`), at: moment) { store in
            let rollout = try Self.existing(name, store)
            try rollout.check(precondition)
            let count = try store.forgive(classes, in: name, at: moment)
            guard count > 0 else {
                throw Refusal.conflict("no device of rollout \(name) failed that way")
            }
            try store.add(
                EventRecord(
                    at: moment, device: nil, rollout: name,
                    what: "\(count) failures are set aside (\(`operator`))"))
            return try summary(of: Self.existing(name, store), store, at: moment)
        }
    }

    public func rollout(_ name: RolloutName) async throws(Refusal) -> RolloutSummary {
        let moment = now()
        return try await read { store in
            try summary(of: Self.existing(name, store), store, at: moment)
        }
    }

    static func existing(
        _ name: RolloutName, _ store: any StoreReader
    ) throws -> RolloutRecord {
        guard let rollout = try store.rollout(name) else {
            throw Refusal.unknown("there is no rollout called \(name)")
        }
        return rollout
    }

    /// The plan that was started, put together from what was stored.
    func plan(of rollout: RolloutRecord) throws -> RolloutPlan {
        if let plan = memory.plan(of: rollout) { return plan }
        let file = try RolloutFile(
            parsing: rollout.fileJSON, limitBytes: settings.limits.requestBytes)
        let plan = RolloutPlan(
            restoring: try RolloutSpec(file, cohorts: .expanded), listed: rollout.listed,
            deviceCounts: rollout.deviceCounts, excluded: [:], hardware: rollout.hardware)
        guard let plan else {
            throw StoreError.failed("the stored plan of rollout \(rollout.name) is damaged")
        }
        memory.keep(plan, of: rollout)
        return plan
    }

    func planning(
        _ spec: RolloutSpec, _ file: RolloutFile, _ store: any StoreReader, at moment: Instant
    ) throws -> Planning {
        if case .fixed(let zone)? = spec.limits.window?.zone,
            zones.secondsFromUTC(in: zone, at: moment) == nil
        {
            throw Refusal.invalid(
                "limits.window.zone: there is no time zone \(zone), so the window never opens")
        }
        let images = try plannedImages(of: spec.release, store)
        guard !images.isEmpty else {
            throw Refusal.invalid("release: \(spec.release) is not published")
        }
        let superseded = try superseded(by: spec, store).map(\.0.name).sorted()
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
                superseded: superseded, hashing: cryptography.hashing)
        } catch { throw Refusal.invalid("\(error)") }
    }

    private func plannedImages(
        of release: ReleaseID, _ store: any StoreReader
    ) throws -> [HardwareModel: PlannedImage] {
        var images: [HardwareModel: PlannedImage] = [:]
        for record in try store.images(of: release) {
            for model in record.hardware { images[model] = record.planned }
        }
        return images
    }

    func summary(
        of rollout: RolloutRecord, _ store: any StoreReader, at moment: Instant
    ) throws -> RolloutSummary {
        let plan = try plan(of: rollout)
        let evidence = try evidence(for: rollout, plan, store, at: moment)
        let verdict = plan.verdict(in: rollout.state, evidence: evidence, at: moment)
        let tallies = try store.tallies(
            of: rollout.name, at: moment, outsidePausedStrata: false)
        let leavers = try store.leavers(of: rollout.name)
        let waves = plan.waves.enumerated().map { index, wave in
            let tally = tallies.first { $0.wave == index }
            return RolloutSummary.Wave(
                name: wave.spec.name,
                devices: max(0, wave.deviceCount - leavers.leavers(upTo: index)),
                offered: tally?.open ?? 0, proven: tally?.proven ?? 0,
                failed: tally?.failures.total ?? 0,
                retrying: tally?.retrying ?? 0)
        }
        let failures = tallies.reduce(FailureCounts.none) { $0 + $1.failures }
        return RolloutSummary(
            name: rollout.name, release: plan.spec.release, state: rollout.state.word,
            reason: try
                ([rollout.state.reason ?? verdict.map { "\($0)" } ?? ""]
                + store.pausedStrata(of: rollout.name).map { "paused for \($0.reason)" })
                .filter { !$0.isEmpty }.joined(separator: "; "),
            wave: rollout.state.openWave, waves: waves,
            failures: FailureClass.allCases.compactMap { kind in
                failures[kind] > 0
                    ? RolloutSummary.Failures(kind: kind, devices: failures[kind]) : nil
            }, created: rollout.created, plan: rollout.planDigest,
            revision: rollout.revision)
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
        case .reverting: "reverting"
        case .aborted: "aborted"
        }
    }

    fileprivate var reason: String? {
        switch self {
        case .draft, .running, .completed: nil
        case .paused(_, let reason, _): "\(reason)"
        case .reverting(let other): "rollout \(other) takes the devices back"
        case .aborted(let reason): "\(reason)"
        }
    }

    fileprivate var openWave: Int? {
        switch self {
        case .running(let wave, _, _), .paused(let wave, _, _): wave
        case .draft, .completed, .reverting, .aborted: nil
        }
    }

    /// Whether another rollout may still take its place.
    fileprivate var isUnfinished: Bool {
        switch self {
        case .draft, .running, .paused: true
        case .completed, .reverting, .aborted: false
        }
    }
}

extension RolloutRecord {
    /// - Throws: ``Refusal/outdated(_:)``.
    func check(_ precondition: Precondition) throws(Refusal) {
        try precondition.check("r\(revision)")
    }
}
