internal import Model
internal import Rollouts
internal import Trust
internal import Wire

/// A plan with the file and the images it was made from.
struct Planning {
    let file: RolloutFile
    let plan: RolloutPlan
    let scope: AttributionScope
    let summary: PlanSummary

    init(
        file: RolloutFile, detailed: DetailedPlan, images: [HardwareModel: PlannedImage],
        hashing: some Hashing
    ) {
        let plan = detailed.plan
        self.file = file
        self.plan = plan
        scope = detailed.scope
        summary = PlanSummary(
            name: plan.spec.name, release: plan.spec.release,
            digest: Self.digest(file, plan, images, hashing),
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
            bytes: detailed.details.byteCount, notes: Self.notes(plan, detailed.details))
    }

    /// How long one device is assumed to take, from its offer to its proof.
    private static let timePerDevice = Duration.seconds(600)

    private static func notes(_ plan: RolloutPlan, _ details: PlanDetails) -> [String] {
        let finishes = plan.earliestFinishes(timePerDevice: timePerDevice)
        var notes: [String] = []
        for (wave, finish) in zip(details.waves, finishes) {
            notes.append(
                "\(wave); it ends \(DurationText.write(finish)) after the start at the earliest, if"
                    + " a device takes \(DurationText.write(timePerDevice))")
            notes += wave.coverage.map { "\($0)" }
        }
        if details.unreachedCount > 0 {
            notes.append("\(details.unreachedCount) devices could take it and are in no wave")
        }
        notes += details.excluded.filter { $0.kind != .notSelected }.map { "left out: \($0)" }
        notes.append("\(details.wayBack)")
        return notes
    }

    /// Covers all that is decided now: the file, the listed devices, the counts and the images.
    private static func digest(
        _ file: RolloutFile, _ plan: RolloutPlan, _ images: [HardwareModel: PlannedImage],
        _ hashing: some Hashing
    ) -> Digest {
        var text = file.bytes
        for wave in plan.waves {
            text += "\n\(wave.deviceCount)".utf8
            for device in wave.listed { text += " \(device)".utf8 }
        }
        for (model, image) in images.sorted(by: { $0.key < $1.key }) {
            text += "\n\(model) \(image.sha256)".utf8
        }
        return hashing.sha256(text)
    }

    func record(at moment: Instant, by author: OperatorName) -> RolloutRecord {
        RolloutRecord(
            name: plan.spec.name, fileJSON: file.bytes, planDigest: summary.digest,
            listed: plan.waves.map(\.listed), deviceCounts: plan.waves.map(\.deviceCount),
            hardware: plan.hardware, scope: scope, created: moment, author: author, state: .draft,
            revision: 1)
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
