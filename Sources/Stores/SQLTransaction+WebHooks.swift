internal import Audit
internal import Model
internal import Orchestrator
internal import Rollouts
internal import Wire

extension SQLTransaction {
    private static let selectLetters = """
        SELECT d.webhook AS webhook, d.at_s AS given_up_s, d.attempts AS attempts,
            d.problem AS problem, d.wanted AS wanted, e.number AS number, e.at_s AS at_s,
            e.device AS device, e.rollout AS rollout, e.what AS what
        FROM dead_letters d JOIN events e ON e.number = d.event WHERE d.webhook = ?
        """

    func webHooks() throws -> [WebHookRecord] {
        try rows("SELECT * FROM webhooks ORDER BY id").map { try WebHookRecord($0) }
    }

    func webHook(_ id: WebHookID) throws -> WebHookRecord? {
        try rows("SELECT * FROM webhooks WHERE id = ?", [id.text]).first.map {
            try WebHookRecord($0)
        }
    }

    func save(_ hook: WebHookRecord) throws {
        let isNew = try webHook(hook.id) == nil
        try upsert(hook.columns, into: "webhooks", key: "id")
        // Where its deliveries stand is no change of what anybody decided.
        guard isNew else { return }
        try audit(
            .webHookAdded, AuditSubject(.webHook, hook.id), from: nil, to: hook.auditColumns)
    }

    func removeWebHook(_ id: WebHookID) throws {
        guard let old = try webHook(id) else { return }
        try execute("DELETE FROM dead_letters WHERE webhook = ?", [id.text])
        try execute("DELETE FROM webhooks WHERE id = ?", [id.text])
        try audit(
            .webHookRemoved, AuditSubject(.webHook, id), from: old.auditColumns, to: nil)
    }

    func nextEvent(after number: Int64, of kinds: Set<EventKind>) throws -> NumberedEvent? {
        let conditions = EventKind.allCases.filter { kinds.contains($0) }.map(\.condition)
        guard !conditions.isEmpty else { return nil }
        return try rows(
            "SELECT * FROM events WHERE number > ? AND (\(conditions.joined(separator: " OR ")))"
                + " ORDER BY number LIMIT 1", [number]
        ).first.map { try NumberedEvent($0) }
    }

    func webHookCensus() throws -> WebHookCensus {
        let hooks = try webHooks()
        return WebHookCensus(
            count: hooks.count, failing: hooks.count { $0.trouble != nil },
            waiting: try hooks.reduce(0) { try $0 + waitingCount(for: $1) },
            deadLetters: try count("SELECT count(*) FROM dead_letters", []))
    }

    private func waitingCount(for hook: WebHookRecord) throws -> Int {
        let wanted = EventKind.allCases.filter { hook.kinds.contains($0) }.map(\.condition)
        guard !wanted.isEmpty else { return 0 }
        return try count(
            "SELECT sum(CASE WHEN \(wanted.joined(separator: " OR ")) THEN 1 ELSE 0 END) FROM"
                + " (SELECT device, rollout FROM events WHERE number > ?"
                + " ORDER BY number LIMIT \(WebHookCensus.horizon)) AS events_after",
            [hook.position])
    }

    func deadLetters(
        of hook: WebHookID, after number: Int64, limit: Int
    ) throws -> [DeadLetterRecord] {
        try rows(
            "\(Self.selectLetters) AND d.event > ? ORDER BY d.event LIMIT ?",
            [hook.text, number, limit]
        ).map { try DeadLetterRecord($0) }
    }

    func deadLetter(of hook: WebHookID, event number: Int64) throws -> DeadLetterRecord? {
        try rows("\(Self.selectLetters) AND d.event = ?", [hook.text, number]).first.map {
            try DeadLetterRecord($0)
        }
    }

    func wantedDeadLetter(of hook: WebHookID) throws -> DeadLetterRecord? {
        try rows(
            "\(Self.selectLetters) AND d.wanted = 1 ORDER BY d.event LIMIT 1", [hook.text]
        ).first.map { try DeadLetterRecord($0) }
    }

    func deadLetterCount(of hook: WebHookID) throws -> Int {
        try count("SELECT count(*) FROM dead_letters WHERE webhook = ?", [hook.text])
    }

    func save(_ letter: DeadLetterRecord) throws {
        try upsert(
            [
                Column("webhook", letter.hook.text), Column("event", letter.event.number),
                Column("at_s", letter.at.secondsSinceEpoch), Column("attempts", letter.attempts),
                Column("problem", letter.problem), Column("wanted", letter.isWanted),
            ], into: "dead_letters", key: "webhook, event")
    }

    func removeDeadLetter(of hook: WebHookID, event number: Int64) throws {
        try execute(
            "DELETE FROM dead_letters WHERE webhook = ? AND event = ?", [hook.text, number])
    }

    func wantDeadLetters(of hook: WebHookID) throws -> Int {
        try execute("UPDATE dead_letters SET wanted = 1 WHERE webhook = ?", [hook.text])
        return try deadLetterCount(of: hook)
    }
}

extension EventKind {
    /// The same as ``EventKind/init(device:rollout:)`` says of an event.
    fileprivate var condition: String {
        switch self {
        case .update: "(device IS NOT NULL AND rollout IS NOT NULL)"
        case .device: "(device IS NOT NULL AND rollout IS NULL)"
        case .rollout: "(device IS NULL AND rollout IS NOT NULL)"
        case .fleet: "(device IS NULL AND rollout IS NULL)"
        }
    }
}

extension WebHookRecord {
    fileprivate init(_ row: SQLRow) throws {
        let failures: Int = row["failures"]
        self.init(
            id: try row.value("id") { WebHookID($0) }, url: row["url"],
            kinds: Set(try row.list("kinds") { EventKind(rawValue: $0) }), secret: row["secret"],
            author: try row.value("author") { OperatorName($0) },
            created: row.instant("created_s"), position: row["position"],
            trouble: failures == 0
                ? nil
                : Trouble(
                    failures: failures, since: row.instant("failing_since_s"),
                    next: row.instant("next_s"), problem: row["problem"]))
    }

    /// What somebody has decided about it; never its secret, which with some services is the rest of
    /// its address.
    fileprivate var auditColumns: [Column] {
        [
            Column("origin", OutsideAddress(url)?.origin),
            Column("kinds", kinds.map(\.rawValue).sorted().joined(separator: ",")),
            Column("author", author.text),
        ]
    }

    fileprivate var columns: [Column] {
        [
            Column("id", id.text), Column("url", url),
            Column("kinds", kinds.map(\.rawValue).sorted().joined(separator: ",")),
            Column("secret", secret), Column("author", author.text),
            Column("created_s", created.secondsSinceEpoch), Column("position", position),
            Column("failures", trouble?.failures ?? 0),
            Column("failing_since_s", trouble?.since.secondsSinceEpoch),
            Column("next_s", trouble?.next.secondsSinceEpoch), Column("problem", trouble?.problem),
        ]
    }
}

extension DeadLetterRecord {
    fileprivate init(_ row: SQLRow) throws {
        self.init(
            hook: try row.value("webhook") { WebHookID($0) }, event: try NumberedEvent(row),
            at: row.instant("given_up_s"), attempts: row["attempts"], problem: row["problem"],
            isWanted: row["wanted"])
    }
}
