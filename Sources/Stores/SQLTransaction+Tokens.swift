internal import Audit
internal import Model
internal import Orchestrator

extension SQLTransaction {
    func token(_ id: TokenID) throws -> TokenRecord? {
        try rows("SELECT * FROM tokens WHERE id = ?", [id.text]).first.map { try TokenRecord($0) }
    }

    func token(digest: Digest) throws -> TokenRecord? {
        try rows("SELECT * FROM tokens WHERE sha256 = ?", [digest.hex]).first
            .map { try TokenRecord($0) }
    }

    func tokens() throws -> [TokenRecord] {
        try rows("SELECT * FROM tokens ORDER BY created_s DESC, id").map { try TokenRecord($0) }
    }

    func add(_ token: TokenRecord) throws {
        try insert(token.columns, into: "tokens")
        try audit(
            .tokenAdded, AuditSubject(.token, token.id), from: nil,
            to: token.columns.withoutSecrets)
    }

    func revokeToken(_ id: TokenID, at moment: Instant) throws {
        let revoked = try execute(
            "UPDATE tokens SET revoked_s = ? WHERE id = ? AND revoked_s IS NULL",
            [moment.secondsSinceEpoch, id.text])
        guard revoked > 0 else { return }
        try auditRevocation(.tokenRevoked, AuditSubject(.token, id), at: moment)
    }

    private func auditRevocation(
        _ action: AuditAction, _ subject: AuditSubject, at moment: Instant
    ) throws {
        try audit(
            action, subject, from: [Column("revoked_s", String?.none)],
            to: [Column("revoked_s", moment.secondsSinceEpoch)])
    }

    func noteUse(ofToken id: TokenID, at moment: Instant) throws {
        try execute(
            "UPDATE tokens SET last_used_s = ? WHERE id = ?", [moment.secondsSinceEpoch, id.text])
    }
}

// MARK: - Enrolment

extension SQLTransaction {
    private static let selectEnrolmentTokens = "SELECT * FROM enrolment_tokens"
    private static let selectTokenAttributes =
        "SELECT token, name, value FROM enrolment_token_attributes"
    private static let useToken = "UPDATE enrolment_tokens SET used = used + 1 WHERE id = ?"

    func enrolmentToken(_ id: TokenID) throws -> EnrolmentTokenRecord? {
        guard let row = try rows("\(Self.selectEnrolmentTokens) WHERE id = ?", [id.text]).first
        else { return nil }
        let values = try rows("\(Self.selectTokenAttributes) WHERE token = ?", [id.text])
        return try EnrolmentTokenRecord(
            row, Dictionary(values.map { ($0["name"], $0["value"]) }, uniquingKeysWith: { $1 }))
    }

    func enrolmentTokens() throws -> [EnrolmentTokenRecord] {
        var values: [String: [String: String]] = [:]
        for row in try rows(Self.selectTokenAttributes) {
            values[row["token"], default: [:]][row["name"]] = row["value"]
        }
        return try rows("\(Self.selectEnrolmentTokens) ORDER BY created_s DESC, id").map { row in
            try EnrolmentTokenRecord(row, values[row["id"]] ?? [:])
        }
    }

    func enrolmentToken(of device: DeviceID) throws -> TokenID? {
        try rows("SELECT token FROM enrolments WHERE device = ?", [device.text]).first
            .map { try $0.value("token") { TokenID($0) } }
    }

    func add(_ token: EnrolmentTokenRecord) throws {
        try insert(token.columns, into: "enrolment_tokens")
        for (name, value) in token.attributes.values {
            try execute(
                "INSERT INTO enrolment_token_attributes (token, name, value) VALUES (?, ?, ?)",
                [token.id.text, name, value])
        }
        try audit(
            .enrolmentTokenAdded, AuditSubject(.enrolmentToken, token.id), from: nil,
            to: token.columns.withoutSecrets
                + token.attributes.values.map { Column("attribute \($0.key)", $0.value) })
    }

    func revokeEnrolmentToken(_ id: TokenID, at moment: Instant) throws {
        let revoked = try execute(
            "UPDATE enrolment_tokens SET revoked_s = ? WHERE id = ? AND revoked_s IS NULL",
            [moment.secondsSinceEpoch, id.text])
        guard revoked > 0 else { return }
        try auditRevocation(
            .enrolmentTokenRevoked, AuditSubject(.enrolmentToken, id), at: moment)
    }

    /// A use too many breaks a rule of the table, and with it the transaction.
    func use(_ token: EnrolmentTokenRecord, for device: DeviceID, at moment: Instant) throws {
        try execute(Self.useToken, [token.id.text])
        try upsert(
            [
                Column("device", device.text), Column("token", token.id.text),
                Column("at_s", moment.secondsSinceEpoch),
            ], into: "enrolments", key: "device")
        try audit(
            .enrolmentTokenUsed, AuditSubject(.enrolmentToken, token.id), device: device,
            from: nil, to: [Column("device", device.text)])
    }
}

// MARK: - Rows

extension [Column] {
    /// Without the digest of a token's text, and what only tells that it is used.
    fileprivate var withoutSecrets: [Column] {
        filter { !["sha256", "last_used_s"].contains($0.name) }
    }
}

extension TokenRecord {
    fileprivate init(_ row: SQLRow) throws {
        let actions: String? = row["actions"]
        let cohorts: String? = row["cohorts"]
        self.init(
            id: try row.value("id") { TokenID($0) },
            digest: try row.value("sha256") { Digest(hex: $0) },
            name: try row.value("name") { OperatorName($0) },
            role: try row.value("role") { AccessRole(rawValue: $0) },
            actions: actions == nil
                ? nil : Set(try row.list("actions") { Permission(rawValue: $0) }),
            cohorts: cohorts == nil ? nil : Set(try row.list("cohorts") { CohortName($0) }),
            created: row.instant("created_s"),
            createdBy: try row.value("created_by") { OperatorName($0) },
            expires: row.optionalInstant("expires_s"), revoked: row.optionalInstant("revoked_s"),
            lastUsed: row.optionalInstant("last_used_s"))
    }

    fileprivate var columns: [Column] {
        [
            Column("id", id.text), Column("sha256", digest.hex), Column("name", name.text),
            Column("role", role.rawValue),
            Column("actions", actions?.map(\.rawValue).sorted().joined(separator: ",")),
            Column("cohorts", cohorts?.map(\.text).sorted().joined(separator: ",")),
            Column("created_s", created.secondsSinceEpoch), Column("created_by", createdBy.text),
            Column("expires_s", expires?.secondsSinceEpoch),
            Column("revoked_s", revoked?.secondsSinceEpoch),
            Column("last_used_s", lastUsed?.secondsSinceEpoch),
        ]
    }
}

extension EnrolmentTokenRecord {
    fileprivate init(_ row: SQLRow, _ attributes: [String: String]) throws {
        self.init(
            id: try row.value("id") { TokenID($0) },
            digest: try row.value("sha256") { Digest(hex: $0) }, note: row["note"],
            uses: row["uses"], used: row["used"],
            hardware: Set(try row.list("hardware") { HardwareModel($0) }),
            cohort: try row.optional("cohort") { CohortName($0) },
            attributes: try Attributes(attributes), created: row.instant("created_s"),
            createdBy: try row.value("created_by") { OperatorName($0) },
            expires: row.instant("expires_s"), revoked: row.optionalInstant("revoked_s"))
    }

    fileprivate var columns: [Column] {
        [
            Column("id", id.text), Column("sha256", digest.hex), Column("note", note),
            Column("uses", uses), Column("used", used),
            Column("hardware", hardware.map(\.text).sorted().joined(separator: ",")),
            Column("cohort", cohort?.text), Column("created_s", created.secondsSinceEpoch),
            Column("created_by", createdBy.text), Column("expires_s", expires.secondsSinceEpoch),
            Column("revoked_s", revoked?.secondsSinceEpoch),
        ]
    }
}
