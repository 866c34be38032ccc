internal import Model
internal import Orchestrator
internal import Rollouts

/// Plans that were shown and may be started.
extension SQLTransaction {
    /// How many plans are kept; whoever starts an older one has to look at it again.
    private static let planLimit = 1000

    func plan(_ digest: Digest) throws -> PlanRecord? {
        try rows("SELECT * FROM plans WHERE plan_sha256 = ?", [digest.hex]).first.map {
            try PlanRecord($0)
        }
    }

    func add(_ plan: PlanRecord) throws {
        try insertOrTouch(plan)
        try execute(
            "DELETE FROM plans WHERE plan_sha256 NOT IN (SELECT plan_sha256 FROM plans"
                + " ORDER BY at_s DESC, plan_sha256 LIMIT ?)", [Self.planLimit])
    }
}

extension SQLTransaction {
    /// A plan that was shown before stays as it was then; only its time is new.
    private func insertOrTouch(_ plan: PlanRecord) throws {
        guard try self.plan(plan.digest) == nil else {
            try execute(
                "UPDATE plans SET at_s = ? WHERE plan_sha256 = ?",
                [plan.at.secondsSinceEpoch, plan.digest.hex])
            return
        }
        try insert(plan.columns, into: "plans")
    }
}

extension PlanRecord {
    /// Waves are lines of a count and the listed devices; images are pairs of a model and a digest.
    fileprivate init(_ row: SQLRow) throws {
        let lines = (row["waves"] as String).split(separator: "\n")
        let waves = try lines.map { line -> (count: Int, listed: [DeviceID]) in
            let words = line.split(separator: " ").map(String.init)
            let listed = words.dropFirst().compactMap { DeviceID($0) }
            guard let count = words.first.flatMap({ Int($0) }), listed.count == words.count - 1
            else { throw StoreError.failed("a plan's waves are damaged") }
            return (count, listed)
        }
        let images = try row.list("images") { pair -> (HardwareModel, Digest)? in
            let words = pair.split(separator: "=").map(String.init)
            guard words.count == 2, let model = HardwareModel(words[0]),
                let digest = Digest(hex: words[1])
            else { return nil }
            return (model, digest)
        }
        self.init(
            digest: try row.value("plan_sha256") { Digest(hex: $0) }, at: row.instant("at_s"),
            rollout: try row.value("rollout") { RolloutName($0) },
            fileJSON: Array((row["file_json"] as String).utf8), listed: waves.map(\.listed),
            deviceCounts: waves.map(\.count),
            images: Dictionary(images, uniquingKeysWith: { first, _ in first }),
            scope: AttributionScope(row),
            superseded: try row.list("superseded") { RolloutName($0) })
    }

    fileprivate var columns: [Column] {
        let waves = zip(deviceCounts, listed).map { count, devices in
            (["\(count)"] + devices.map(\.text)).joined(separator: " ")
        }
        let pairs = images.map { "\($0)=\($1.hex)" }.sorted()
        return [
            Column("plan_sha256", digest.hex), Column("at_s", at.secondsSinceEpoch),
            Column("rollout", rollout.text),
            Column("file_json", String(decoding: fileJSON, as: UTF8.self)),
            Column("hardware", images.keys.sorted().map(\.text).joined(separator: ",")),
            Column("images", pairs.joined(separator: ",")),
            Column("waves", waves.joined(separator: "\n")),
            Column("superseded", superseded.map(\.text).joined(separator: ",")),
        ] + scope.columns
    }
}
