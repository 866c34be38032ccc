internal import Audit
internal import JSON
internal import Model
internal import Orchestrator
internal import Wire

/// The log of changes.
extension SQLTransaction {
    private static let selectRows = "SELECT * FROM audit"

    // MARK: Questions

    func auditRows(
        _ query: AuditQuery, after number: Int64, limit: Int
    ) throws -> [AuditRow] {
        try auditRows(query, "number > ?", [number], "ORDER BY number LIMIT ?", [limit])
    }

    func newestAuditRows(_ query: AuditQuery, limit: Int) throws -> [AuditRow] {
        try auditRows(query, "number > ?", [0], "ORDER BY number DESC LIMIT ?", [limit])
            .reversed()
    }

    private func auditRows(
        _ query: AuditQuery, _ place: String, _ placeArguments: SQLArguments,
        _ order: String, _ orderArguments: SQLArguments
    ) throws -> [AuditRow] {
        var conditions = [place]
        var arguments = placeArguments
        if let subject = query.subject {
            let (condition, values) = subject.condition
            conditions.append(condition)
            arguments = arguments + values
        }
        if let actor = query.actor {
            conditions.append("actor = ?")
            arguments = arguments + [actor.text]
        }
        return try rows(
            "\(Self.selectRows) WHERE \(conditions.joined(separator: " AND ")) \(order)",
            arguments + orderArguments
        ).map { row in
            do { return try AuditRow(row) } catch {
                let number: Int64 = row["number"]
                throw StoreError.failed("row \(number) of the log of changes is damaged: \(error)")
            }
        }
    }

    func auditHead() throws -> AuditHead {
        try rows("SELECT number, sha256 FROM audit ORDER BY number DESC LIMIT 1").first.map {
            AuditHead(number: $0["number"], sha256: try $0.value("sha256") { Digest(hex: $0) })
        } ?? .start
    }

    func auditCheckpoints(after number: Int64, through last: Int64) throws -> [SignedCheckpoint] {
        try rows(
            "SELECT signed_json FROM audit_checkpoints WHERE number > ? AND number <= ?"
                + " ORDER BY number", [number, last]
        ).map { try SignedCheckpoint($0) }
    }

    func newestAuditCheckpoint() throws -> SignedCheckpoint? {
        try rows("SELECT signed_json FROM audit_checkpoints ORDER BY number DESC LIMIT 1")
            .first.map { try SignedCheckpoint($0) }
    }

    func recordCounts() throws -> [String: Int] {
        let tables = ["devices", "images", "cohorts", "rollouts", "offers", "approvals"]
        return Dictionary(
            uniqueKeysWithValues: try tables.map {
                ($0, try count("SELECT count(*) FROM \($0)", []))
            })
    }

    // MARK: Changes

    func audit(_ entry: AuditEntry) throws {
        guard let trail else { throw StoreError.failed("a reader has changed something") }
        let row = trail.pen.row(entry, after: try trail.head ?? auditHead())
        try insert(row.columns, into: "audit")
        trail.head = AuditHead(row)
    }

    func add(_ checkpoint: SignedCheckpoint) throws {
        try execute(
            "INSERT INTO audit_checkpoints (number, signed_json) VALUES (?, ?)"
                + " ON CONFLICT DO NOTHING",
            [
                checkpoint.unverified.number,
                String(decoding: checkpoint.bytes, as: UTF8.self),
            ])
    }

    /// Writes down what has become of one record, unless nothing has.
    ///
    /// - Parameters:
    ///   - old: Its columns before; `nil` when there was none.
    ///   - new: Its columns now; `nil` when there is none.
    func audit(
        _ action: AuditAction, _ subject: AuditSubject, device: DeviceID? = nil,
        rollout: RolloutName? = nil, from old: [Column]?, to new: [Column]?
    ) throws {
        let entry = AuditEntry(
            action, subject, device: device, rollout: rollout, before: old.map(JSONObject.init),
            after: new.map(JSONObject.init))
        guard entry.before?.isEmpty != true || entry.after?.isEmpty != true else { return }
        try audit(entry)
    }
}

extension AuditSubject {
    /// How its rows are found, by an index each.
    fileprivate var condition: (String, SQLArguments) {
        switch kind {
        case .device: ("device = ?", [id])
        // Among those of the device that it became.
        case .expectedDevice: ("device = ? AND subject = ?", [id, text])
        case .rollout: ("rollout = ?", [id])
        case .log, .image, .cohort, .lease, .token, .enrolmentToken, .webHook:
            ("device IS NULL AND rollout IS NULL AND subject = ?", [text])
        // Among those of its device.
        case .offer:
            ("device = (SELECT device FROM offers WHERE nonce = ?) AND subject = ?", [id, text])
        }
    }
}

extension AuditRow {
    fileprivate init(_ row: SQLRow) throws {
        self.init(
            number: row["number"], at: row.instant("at_s"), actor: row["actor"],
            action: row["action"], subject: row["subject"],
            device: try row.optional("device") { DeviceID($0) },
            rollout: try row.optional("rollout") { RolloutName($0) },
            before: row.storedJSON("before_json"), after: row.storedJSON("after_json"),
            previous: try row.value("previous_sha256") { Digest(hex: $0) },
            sha256: try row.value("sha256") { Digest(hex: $0) })
    }

    fileprivate var columns: [Column] {
        [
            Column("number", number), Column("at_s", at.secondsSinceEpoch),
            Column("actor", actor), Column("action", action), Column("subject", subject),
            Column("device", device?.text), Column("rollout", rollout?.text),
            Column("before_json", before?.compactText), Column("after_json", after?.compactText),
            Column("previous_sha256", previous.hex), Column("sha256", sha256.hex),
        ]
    }
}

extension SignedMessage<AuditCheckpoint> {
    fileprivate init(_ row: SQLRow) throws {
        let text: String = row["signed_json"]
        do { try self.init(parsing: Array(text.utf8), limitBytes: Self.limitBytes) } catch {
            throw StoreError.failed("a checkpoint of the log is damaged: \(error)")
        }
    }
}

extension SQLRow {
    /// What was stored; text that we have not written so is a string, whose hash is another one.
    fileprivate func storedJSON(_ column: String) -> JSONValue? {
        guard let text: String = self[column] else { return nil }
        let bytes = Array(text.utf8)
        let value = try? JSONValue(
            parsing: bytes, limits: .standard(bytes: AuditRow.limitBytes))
        guard let value, value.compactBytes == bytes else { return .string(text) }
        return value
    }
}

extension JSONValue {
    fileprivate var compactText: String { String(decoding: compactBytes, as: UTF8.self) }
}

extension JSONObject {
    fileprivate init(_ columns: [Column]) {
        self.init(columns.map { ($0.name, $0.json) })
    }
}

extension Column {
    fileprivate var json: JSONValue {
        switch value {
        case .null: .null
        case .integer(let number): .integer(number)
        case .text(let text): .string(text)
        // None of our columns is one.
        case .real(let number): .string("\(number)")
        }
    }
}
