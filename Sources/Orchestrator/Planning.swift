internal import Model
internal import Rollouts
internal import Trust
internal import Wire

/// A plan with the file and the images it was made from.
struct Planning {
    let file: RolloutFile
    let plan: RolloutPlan
    let images: [HardwareModel: PlannedImage]
    let scope: AttributionScope
    /// The rollouts that end when it starts, sorted.
    let superseded: [RolloutName]
    let summary: PlanSummary

    init(
        file: RolloutFile, detailed: DetailedPlan, images: [HardwareModel: PlannedImage],
        superseded: [RolloutName], hashing: some Hashing
    ) {
        let plan = detailed.plan
        self.file = file
        self.plan = plan
        self.images = images
        scope = detailed.scope
        self.superseded = superseded
        summary = PlanSummary(
            name: plan.spec.name, release: plan.spec.release,
            digest: Self.digest(file, plan, images, superseded, hashing),
            waves: plan.waves.map { wave in
                PlanSummary.Wave(
                    name: wave.spec.name, devices: wave.deviceCount, target: wave.spec.word,
                    soak: DurationText.write(wave.spec.soak))
            },
            excluded: Ineligibility.Kind.allCases.compactMap { kind in
                plan.excluded[kind].map {
                    PlanSummary.Exclusion(reason: "\(kind)", devices: $0)
                }
            },
            bytes: detailed.details.byteCount,
            notes: superseded.map { "rollout \($0) ends when this one starts" }
                + Self.notes(plan, detailed.details))
    }

    /// How long one device is assumed to take, from its offer to its proof.
    private static let timePerDevice = Duration.seconds(600)

    private static func notes(_ plan: RolloutPlan, _ details: PlanDetails) -> [String] {
        let finishes = plan.earliestFinishes(timePerDevice: timePerDevice)
        var notes = plan.spec.cohorts.map { "cohort \($0.name): version \($0.number)" }
        for (wave, finish) in zip(details.waves, finishes) {
            notes.append(
                "\(wave); it ends \(DurationText.write(finish)) after the start at the earliest, if"
                    + " a device takes \(DurationText.write(timePerDevice))")
            notes += wave.coverage.map { "\($0)" }
        }
        if details.unreachedCount > 0 {
            notes.append("\(details.unreachedCount) devices could take it and are in no wave")
        }
        notes += details.ruleNotes
        notes += details.excluded.filter { $0.kind != .notSelected }.map { "left out: \($0)" }
        notes.append("\(details.wayBack)")
        return notes
    }

    /// Covers all that is decided now: the file, the listed devices, the images, and what ends.
    ///
    /// How many devices a percentage reaches is no part of it: that follows from the fleet, which
    /// never stands still.
    private static func digest(
        _ file: RolloutFile, _ plan: RolloutPlan, _ images: [HardwareModel: PlannedImage],
        _ superseded: [RolloutName], _ hashing: some Hashing
    ) -> Digest {
        var text = file.bytes
        for wave in plan.waves {
            text += "\nwave".utf8
            for device in wave.listed { text += " \(device)".utf8 }
        }
        for (model, image) in images.sorted(by: { $0.key < $1.key }) {
            text += "\n\(model) \(image.sha256)".utf8
        }
        for name in superseded { text += "\nends \(name)".utf8 }
        return hashing.sha256(text)
    }

    func planRecord(at moment: Instant) -> PlanRecord {
        PlanRecord(
            digest: summary.digest, at: moment, rollout: plan.spec.name, fileJSON: file.bytes,
            listed: plan.waves.map(\.listed), deviceCounts: plan.waves.map(\.deviceCount),
            images: images.mapValues(\.sha256), scope: scope, superseded: superseded)
    }
}

extension RolloutRecord {
    /// A rollout that carries out a plan that was shown.
    init(
        carryingOut plan: PlanRecord, priority: RolloutPriority, at moment: Instant,
        by author: OperatorName
    ) {
        self.init(
            name: plan.rollout, fileJSON: plan.fileJSON, planDigest: plan.digest,
            listed: plan.listed, deviceCounts: plan.deviceCounts,
            hardware: Set(plan.images.keys), scope: plan.scope, created: moment, author: author,
            priority: priority, state: .draft, revision: 1)
    }
}

extension WaveSpec {
    fileprivate var word: String {
        switch target {
        case .sample(let count, let strata):
            strata.isEmpty
                ? "sample of \(count)"
                : "sample of \(count) over \(strata.joined(separator: ", "))"
        case .percent(let share): "\(share)"
        case .devices: "devices of its selector"
        case .list(let devices): "list of \(devices.count)"
        }
    }
}
