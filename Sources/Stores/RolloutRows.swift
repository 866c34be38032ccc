internal import Model
internal import Orchestrator
internal import Rollouts

extension RolloutRecord {
    init(_ row: SQLRow, waves: [SQLRow]) throws {
        self.init(
            name: try row.value("name") { RolloutName($0) },
            fileJSON: Array((row["file_json"] as String).utf8),
            planDigest: try row.value("plan_sha256") { Digest(hex: $0) },
            listed: try waves.map { try $0.list("listed") { DeviceID($0) } },
            deviceCounts: waves.map { $0["device_count"] },
            hardware: Set(try row.list("hardware") { HardwareModel($0) }),
            scope: AttributionScope(row),
            created: row.instant("created_s"),
            author: try row.value("author") { OperatorName($0) },
            priority: RolloutPriority(rank: row["priority"]), state: try RolloutState(row),
            revision: row["revision"])
    }

    var columns: [Column] {
        [
            Column("name", name.text),
            Column("file_json", String(decoding: fileJSON, as: UTF8.self)),
            Column("plan_sha256", planDigest.hex),
            Column("hardware", hardware.sorted().map(\.text).joined(separator: ",")),
            Column("created_s", created.secondsSinceEpoch), Column("author", author.text),
            Column("priority", priority.rank), Column("revision", revision),
        ] + scope.columns + stateColumns
    }

    var stateColumns: [Column] { state.columns }
}

extension AttributionScope {
    init(_ row: SQLRow) {
        self.init(
            attributes: (row["scope_attributes"] as String).split(separator: ",")
                .map(String.init), pairCount: row["scope_pairs"])
    }

    var columns: [Column] {
        [
            Column("scope_attributes", attributes.joined(separator: ",")),
            Column("scope_pairs", pairCount),
        ]
    }
}

extension RolloutState {
    /// The facts of each state have columns of their own; where one means nothing it is null.
    var columns: [Column] {
        switch self {
        case .draft: Self.columns("draft")
        case .running(let wave, let since, let started):
            Self.columns("running", wave: wave, since: since, started: started)
        case .paused(let wave, let reason, let started):
            Self.columns("paused", wave: wave, started: started, reason: reason.stored)
        case .completed(let moment): Self.columns("completed", since: moment)
        case .reverting(let other): Self.columns("reverting", rollout: other)
        case .aborted(let reason):
            Self.columns("aborted", reason: StoredReason(reason.word), rollout: reason.rollout)
        }
    }

    private static func columns(
        _ state: String, wave: Int? = nil, since: Instant? = nil, started: Instant? = nil,
        reason: StoredReason? = nil, rollout: RolloutName? = nil
    ) -> [Column] {
        [
            Column("state", state), Column("wave", wave),
            Column("since_s", since?.secondsSinceEpoch),
            Column("started_s", started?.secondsSinceEpoch), Column("reason", reason?.word),
            Column("reason_failures", reason?.failures), Column("reason_decided", reason?.decided),
            Column("reason_class", reason?.kind?.rawValue),
            Column("reason_check", reason?.check?.text), Column("reason_detail", reason?.detail),
            Column("reason_rollout", rollout?.text),
        ]
    }

    init(_ row: SQLRow) throws {
        let word: String = row["state"]
        switch word {
        case "draft": self = .draft
        case "running":
            self = .running(
                wave: row["wave"], since: row.instant("since_s"), started: row.instant("started_s"))
        case "paused":
            self = .paused(
                wave: row["wave"], try PauseReason(row), started: row.instant("started_s"))
        case "completed": self = .completed(at: row.instant("since_s"))
        case "reverting": self = .reverting(by: try row.reasonRollout())
        case "aborted": self = .aborted(try AbortReason(row))
        default: throw StoreError.failed("a rollout's state is \(word)")
        }
    }
}

extension SQLRow {
    fileprivate func reasonRollout() throws -> RolloutName {
        try value("reason_rollout") { RolloutName($0) }
    }
}

/// Why a rollout is paused or aborted, as columns.
private struct StoredReason {
    let word: String
    var failures: Int?
    var decided: Int?
    var kind: FailureClass?
    var check: CheckName?
    var detail: String?

    init(_ word: String) { self.word = word }

    init(_ word: String, check: CheckName, detail: String) {
        self.word = word
        self.check = check
        self.detail = detail
    }

    init(_ word: String, failures: Int, decided: Int, kind: FailureClass? = nil) {
        self.word = word
        self.failures = failures
        self.decided = decided
        self.kind = kind
    }
}

extension RolloutState.PauseReason {
    fileprivate var stored: StoredReason {
        switch self {
        case .operatorRequest: StoredReason("operator")
        case .failureLimit(let failures, let decided):
            StoredReason("failures", failures: failures, decided: decided)
        case .classLimit(let kind, let failures, let decided):
            StoredReason("class", failures: failures, decided: decided, kind: kind)
        case .outsideCheck(let name, let detail): StoredReason("check", check: name, detail: detail)
        }
    }

    fileprivate init(_ row: SQLRow) throws {
        let word: String = row["reason"]
        switch word {
        case "operator": self = .operatorRequest
        case "failures":
            self = .failureLimit(
                failures: row["reason_failures"] ?? 0, decided: row["reason_decided"] ?? 0)
        case "class":
            self = .classLimit(
                try row.value("reason_class") { FailureClass(rawValue: $0) },
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
        case .superseded: "superseded"
        case .reverted: "reverted"
        }
    }

    fileprivate var rollout: RolloutName? {
        switch self {
        case .operatorRequest, .expired, .releaseWithdrawn: nil
        case .superseded(let other), .reverted(let other): other
        }
    }

    fileprivate init(_ row: SQLRow) throws {
        let word: String = row["reason"]
        switch word {
        case "operator": self = .operatorRequest
        case "expired": self = .expired
        case "withdrawn": self = .releaseWithdrawn
        case "superseded": self = .superseded(by: try row.reasonRollout())
        case "reverted": self = .reverted(by: try row.reasonRollout())
        default: throw StoreError.failed("a rollout is aborted for \(word)")
        }
    }
}
