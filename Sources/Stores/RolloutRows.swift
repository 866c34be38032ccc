internal import GRDB
internal import Model
internal import Orchestrator
internal import Rollouts

extension RolloutRecord {
    init(_ row: Row, waves: [Row]) throws {
        self.init(
            name: try row.value("name") { RolloutName($0) },
            fileJSON: Array((row["file_json"] as String).utf8),
            planDigest: try row.value("plan_sha256") { Digest(hex: $0) },
            listed: try waves.map { try $0.list("listed") { DeviceID($0) } },
            deviceCounts: waves.map { $0["device_count"] },
            hardware: Set(try row.list("hardware") { HardwareModel($0) }),
            scope: AttributionScope(
                attributes: (row["scope_attributes"] as String).split(separator: ",")
                    .map(String.init), pairCount: row["scope_pairs"]),
            created: row.instant("created_s"),
            author: try row.value("author") { OperatorName($0) },
            state: try RolloutState(row), revision: row["revision"])
    }

    var columns: [Column] {
        [
            Column("name", name.text),
            Column("file_json", String(decoding: fileJSON, as: UTF8.self)),
            Column("plan_sha256", planDigest.hex),
            Column("hardware", hardware.sorted().map(\.text).joined(separator: ",")),
            Column("scope_attributes", scope.attributes.joined(separator: ",")),
            Column("scope_pairs", scope.pairCount),
            Column("created_s", created.secondsSinceEpoch), Column("author", author.text),
            Column("revision", revision),
        ] + stateColumns
    }

    var stateColumns: [Column] { state.columns }
}

extension RolloutState {
    /// The facts of each state have columns of their own; where one means nothing it is null.
    var columns: [Column] {
        switch self {
        case .draft: Self.columns("draft")
        case .running(let wave, let since, let started, let forgiven):
            Self.columns(
                "running", wave: wave, since: since, started: started, forgiven: forgiven)
        case .paused(let wave, let reason, let started, let forgiven):
            Self.columns(
                "paused", wave: wave, started: started, forgiven: forgiven, reason: reason.word,
                counts: reason.counts, check: reason.check)
        case .completed(let moment): Self.columns("completed", since: moment)
        case .aborted(let reason): Self.columns("aborted", reason: reason.word)
        }
    }

    private static func columns(
        _ state: String, wave: Int? = nil, since: Instant? = nil, started: Instant? = nil,
        forgiven: Forgiven? = nil, reason: String? = nil, counts: (Int, Int)? = nil,
        check: (CheckName, String)? = nil
    ) -> [Column] {
        [
            Column("state", state), Column("wave", wave),
            Column("since_s", since?.secondsSinceEpoch),
            Column("started_s", started?.secondsSinceEpoch),
            Column("forgiven_proven", forgiven?.proven),
            Column("forgiven_failed", forgiven?.failed), Column("reason", reason),
            Column("reason_failures", counts?.0), Column("reason_decided", counts?.1),
            Column("reason_check", check?.0.text), Column("reason_detail", check?.1),
        ]
    }

    init(_ row: Row) throws {
        let word: String = row["state"]
        switch word {
        case "draft": self = .draft
        case "running":
            self = .running(
                wave: row["wave"], since: row.instant("since_s"),
                started: row.instant("started_s"), forgiven: Forgiven(row))
        case "paused":
            self = .paused(
                wave: row["wave"], try PauseReason(row), started: row.instant("started_s"),
                forgiven: Forgiven(row))
        case "completed": self = .completed(at: row.instant("since_s"))
        case "aborted": self = .aborted(try row.value("reason") { AbortReason($0) })
        default: throw StoreError.failed("a rollout's state is \(word)")
        }
    }
}

extension RolloutState.Forgiven {
    fileprivate init(_ row: Row) {
        self.init(proven: row["forgiven_proven"] ?? 0, failed: row["forgiven_failed"] ?? 0)
    }
}

extension RolloutState.PauseReason {
    fileprivate var word: String {
        switch self {
        case .operatorRequest: "operator"
        case .failureLimit: "failures"
        case .outsideCheck: "check"
        }
    }

    fileprivate var counts: (Int, Int)? {
        switch self {
        case .operatorRequest, .outsideCheck: nil
        case .failureLimit(let failures, let decided): (failures, decided)
        }
    }

    fileprivate var check: (CheckName, String)? {
        switch self {
        case .operatorRequest, .failureLimit: nil
        case .outsideCheck(let name, let detail): (name, detail)
        }
    }

    fileprivate init(_ row: Row) throws {
        let word: String = row["reason"]
        switch word {
        case "operator": self = .operatorRequest
        case "failures":
            self = .failureLimit(
                failures: row["reason_failures"] ?? 0, decided: row["reason_decided"] ?? 0)
        case "check":
            self = .outsideCheck(
                name: try row.value("reason_check") { CheckName($0) },
                detail: row["reason_detail"] ?? "")
        default: throw StoreError.failed("a rollout is paused for \(word)")
        }
    }
}

extension RolloutState.AbortReason {
    fileprivate var word: String {
        switch self {
        case .operatorRequest: "operator"
        case .expired: "expired"
        case .releaseWithdrawn: "withdrawn"
        }
    }

    fileprivate init?(_ word: String) {
        switch word {
        case "operator": self = .operatorRequest
        case "expired": self = .expired
        case "withdrawn": self = .releaseWithdrawn
        default: return nil
        }
    }
}
