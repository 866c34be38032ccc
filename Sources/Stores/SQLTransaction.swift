internal import Audit
internal import Model
internal import Orchestrator
internal import Rollouts

/// Questions and changes inside one transaction, in the SQL that all engines share.
struct SQLTransaction {
    let connection: any SQLConnection
    /// The log of changes; `nil` for a transaction that only reads.
    let trail: AuditTrail?

    private static let selectDevices = "SELECT * FROM devices"
    private static let selectOffers = "SELECT * FROM offers"
    private static let selectImages = "SELECT * FROM images"
    private static let selectRollouts = "SELECT * FROM rollouts"

    func rows(_ sql: String, _ arguments: SQLArguments = []) throws -> [SQLRow] {
        try connection.rows(sql, arguments)
    }

    func count(_ sql: String, _ arguments: SQLArguments) throws -> Int {
        let number: Int? = try rows(sql, arguments).first.flatMap { $0[0] }
        return number ?? 0
    }

    /// Returns how many rows were changed.
    @discardableResult
    func execute(_ sql: String, _ arguments: SQLArguments) throws -> Int {
        try connection.execute(sql, arguments)
    }
}

extension SQLTransaction: StoreReader {
    func device(_ id: DeviceID) throws -> DeviceRecord? {
        try rows("\(Self.selectDevices) WHERE id = ?", [id.text]).first.map {
            try DeviceRecord($0, attributes: attributes(of: id))
        }
    }

    func devices() throws -> [DeviceRecord] {
        var attributes: [String: [String: String]] = [:]
        for row in try rows("SELECT device, name, value FROM attributes") {
            attributes[row["device"], default: [:]][row["name"]] = row["value"]
        }
        return try rows("\(Self.selectDevices) ORDER BY id").map { row in
            try DeviceRecord(row, attributes: Attributes(attributes[row["id"]] ?? [:]))
        }
    }

    func forEachDevice(_ body: (DeviceFacts) throws -> Void) throws {
        var fleet = try FactsCursor(connection)
        while let facts = try fleet.next() { try body(facts) }
    }

    private func attributes(of device: DeviceID) throws -> Attributes {
        let rows = try rows("SELECT name, value FROM attributes WHERE device = ?", [device.text])
        return try Attributes(
            Dictionary(rows.map { ($0["name"], $0["value"]) }, uniquingKeysWith: { $1 }))
    }

    func facts(of device: DeviceID) throws -> DeviceFacts? { try self.device(device)?.facts }

    func images(of release: ReleaseID) throws -> [ImageRecord] {
        try rows(
            "\(Self.selectImages) WHERE release_name = ? AND release_version = ? ORDER BY path",
            [release.name.text, release.version.text]
        ).map { try ImageRecord($0) }
    }

    func images() throws -> [ImageRecord] {
        try rows("\(Self.selectImages) ORDER BY path").map { try ImageRecord($0) }
    }

    func rollout(_ name: RolloutName) throws -> RolloutRecord? {
        try rows("\(Self.selectRollouts) WHERE name = ?", [name.text]).first.map {
            try RolloutRecord($0, waves: waves(of: name.text))
        }
    }

    func rollouts() throws -> [RolloutRecord] {
        try rows("\(Self.selectRollouts) ORDER BY number DESC").map { row in
            try RolloutRecord(row, waves: waves(of: row["name"]))
        }
    }

    private func waves(of rollout: String) throws -> [SQLRow] {
        try rows("SELECT * FROM waves WHERE rollout = ? ORDER BY number", [rollout])
    }

    func openOffer(of device: DeviceID) throws -> OfferRecord? {
        try rows("\(Self.selectOffers) WHERE device = ? AND outcome = 'open'", [device.text])
            .first.map { try OfferRecord($0) }
    }

    func heartbeat() throws -> Instant? {
        try rows("SELECT at_s FROM heartbeat").first.map { $0.instant("at_s") }
    }

    func offer(_ nonce: Nonce) throws -> OfferRecord? {
        try rows("\(Self.selectOffers) WHERE nonce = ?", [nonce.text]).first.map {
            try OfferRecord($0)
        }
    }

    func openOffers() throws -> [OfferRecord] {
        try rows("\(Self.selectOffers) WHERE outcome = 'open'").map { try OfferRecord($0) }
    }

    func openOfferCount(in rollout: RolloutName) throws -> Int {
        try count(
            "SELECT count(*) FROM offers WHERE rollout = ? AND outcome = 'open'", [rollout.text])
    }

    func recentOffers(of rollout: RolloutName, since: Instant) throws -> RecentUse? {
        try recentUse("count(*)", of: rollout, since: since)
    }

    func recentBytes(of rollout: RolloutName, since: Instant) throws -> RecentUse? {
        try recentUse("sum(length_bytes)", of: rollout, since: since)
    }

    /// No upper end but for history: what a clock that was set back calls the future was taken all
    /// the same.
    func recentUse(
        _ total: String, of rollout: RolloutName, since: Instant, until end: Instant? = nil,
        besides asking: DeviceID? = nil
    ) throws -> RecentUse? {
        let row = try rows(
            "SELECT \(total) AS total, min(issued_s) AS oldest_s FROM offers"
                + " WHERE rollout = ? AND issued_s > ? AND issued_s <= ?"
                + " AND NOT (issued_s = ? AND device = ?)",
            [
                rollout.text, since.secondsSinceEpoch, end?.secondsSinceEpoch ?? .max,
                end?.secondsSinceEpoch, asking?.text ?? "",
            ]
        ).first
        guard let row, let oldest: Int64 = row["oldest_s"] else { return nil }
        return RecentUse(total: row["total"], oldest: Instant(secondsSinceEpoch: oldest))
    }

    func activeDeviceCount(_ attribute: String, _ value: String) throws -> Int {
        try count(
            "SELECT count(*) FROM attributes a JOIN devices d ON d.id = a.device"
                + " WHERE a.name = ? AND a.value = ? AND d.lifecycle = 'active'",
            [attribute, value])
    }

    func leaseHolders(_ attribute: String, _ value: String) throws -> [DeviceID] {
        try rows(
            "SELECT o.device AS device FROM offers o JOIN lease_values v ON v.nonce = o.nonce"
                + " WHERE o.outcome = 'open' AND v.name = ? AND v.value = ? ORDER BY o.device",
            [attribute, value]
        ).map { try $0.value("device") { DeviceID($0) } }
    }

    func pausedStrata(of rollout: RolloutName) throws -> [PausedStratum] {
        try pausedStrata(where: "rollout = ? AND lifted_s IS NULL", [rollout.text])
    }

    func pausedStrata(
        where condition: String, _ arguments: SQLArguments
    ) throws -> [PausedStratum] {
        try rows(
            "SELECT * FROM paused_strata WHERE \(condition) ORDER BY at_s, name, value", arguments
        ).map {
            PausedStratum(
                rollout: try $0.value("rollout") { RolloutName($0) },
                stratum: Stratum(attribute: $0["name"], value: $0["value"]),
                at: $0.instant("at_s"), reason: $0["reason"])
        }
    }

    func history(at moment: Instant, askedBy device: DeviceID) -> any RulingReader {
        SQLHistory(store: self, moment: moment, asking: device)
    }

    func events(
        of rollout: RolloutName, until end: Instant, limit: Int
    ) throws -> [EventRecord] {
        try events(where: "rollout = ?", rollout.text, until: end, limit: limit)
    }

    func events(of device: DeviceID, until end: Instant, limit: Int) throws -> [EventRecord] {
        try events(where: "device = ?", device.text, until: end, limit: limit)
    }

    private func events(
        where condition: String, _ name: String, until end: Instant, limit: Int
    ) throws -> [EventRecord] {
        try rows(
            "SELECT * FROM events WHERE \(condition) AND at_s <= ? ORDER BY number DESC LIMIT ?",
            [name, end.secondsSinceEpoch, limit]
        ).reversed().map { try EventRecord($0) }
    }

    func approvals(of rollout: RolloutName) throws -> [ApprovalRecord] {
        try rows("SELECT * FROM approvals WHERE rollout = ? ORDER BY at_s", [rollout.text]).map {
            ApprovalRecord(
                rollout: rollout, wave: $0["wave"], since: $0.instant("since_s"),
                by: try $0.value("operator") { OperatorName($0) }, at: $0.instant("at_s"))
        }
    }

    func expiredOffers(at now: Instant) throws -> [OfferRecord] {
        try rows(
            "\(Self.selectOffers) WHERE outcome = 'open' AND expires_s <= ? ORDER BY number",
            [now.secondsSinceEpoch]
        ).map { try OfferRecord($0) }
    }
}

extension SQLTransaction: StoreWriter {
    /// Adds the row, or replaces the one with the same `key`.
    func upsert(_ columns: [Column], into table: String, key: String) throws {
        let names = columns.map(\.name)
        try execute(
            "INSERT INTO \(table) (\(names.joined(separator: ", ")))"
                + " VALUES (\(names.map { _ in "?" }.joined(separator: ", ")))"
                + " ON CONFLICT (\(key)) DO UPDATE SET "
                + names.map { "\($0) = excluded.\($0)" }.joined(separator: ", "),
            SQLArguments(columns.map(\.value)))
    }

    func save(_ device: DeviceRecord, at now: Instant) throws {
        try replace(self.device(device.id), by: device, at: now)
    }

    func replace(_ old: DeviceRecord?, by device: DeviceRecord, at now: Instant) throws {
        try upsert(try device.columns, into: "devices", key: "id")
        if old?.attributes ?? .none != device.attributes {
            try execute("DELETE FROM attributes WHERE device = ?", [device.id.text])
            for (name, value) in device.attributes.values {
                try execute(
                    "INSERT INTO attributes (device, name, value) VALUES (?, ?, ?)",
                    [device.id.text, name, value])
            }
        }
        guard old.map({ !device.isSameForAudit(as: $0) }) ?? true else { return }
        try audit(device, replacing: old)
        guard old.map({ $0.remembered != device.remembered }) ?? true else { return }
        try insert(device.historyColumns(at: now), into: "device_history")
    }

    func save(_ image: ImageRecord) throws {
        let old = try self.image(at: image.image.path)
        try upsert(image.columns, into: "images", key: "path")
        try raiseRolloutsVersion()
        try audit(
            old == nil ? .imageAdded : .imageChanged, AuditSubject(.image, image.image.path),
            from: old?.columns, to: image.columns)
    }

    func removeImage(at path: TargetPath) throws {
        guard let old = try image(at: path) else { return }
        try execute("DELETE FROM images WHERE path = ?", [path.text])
        try raiseRolloutsVersion()
        try audit(.imageRemoved, AuditSubject(.image, path), from: old.columns, to: nil)
    }

    private func image(at path: TargetPath) throws -> ImageRecord? {
        try rows("\(Self.selectImages) WHERE path = ?", [path.text]).first
            .map { try ImageRecord($0) }
    }

    func add(_ rollout: RolloutRecord) throws {
        try raiseRolloutsVersion()
        try insert(rollout.columns, into: "rollouts")
        try remember(rollout, at: rollout.created)
        for (number, count) in rollout.deviceCounts.enumerated() {
            let listed = rollout.listed[number].map(\.text).joined(separator: ",")
            try execute(
                "INSERT INTO waves (rollout, number, device_count, listed) VALUES (?, ?, ?, ?)",
                [rollout.name.text, number, count, listed])
        }
        try audit(
            .rolloutStarted, AuditSubject(.rollout, rollout.name), rollout: rollout.name,
            from: nil, to: rollout.columns)
    }

    private func remember(_ rollout: RolloutRecord, at now: Instant) throws {
        let place = [
            Column("rollout", rollout.name.text), Column("at_s", now.secondsSinceEpoch),
        ]
        try insert(place + rollout.stateColumns, into: "rollout_history")
    }

    func update(_ rollout: RolloutRecord, at now: Instant) throws {
        try raiseRolloutsVersion()
        let columns = rollout.stateColumns
        let old = try rows("\(Self.selectRollouts) WHERE name = ?", [rollout.name.text]).first
        let arguments =
            columns.map(\.value) + [
                rollout.name.text.sqlValue, rollout.revision.sqlValue,
            ]
        let changed = try execute(
            "UPDATE rollouts SET revision = revision + 1, "
                + columns.map { "\($0.name) = ?" }.joined(separator: ", ")
                + " WHERE name = ? AND revision = ?",
            SQLArguments(arguments))
        guard changed == 1 else { throw StoreError.conflict }
        try remember(rollout, at: now)
        try audit(
            .rolloutChanged, AuditSubject(.rollout, rollout.name), rollout: rollout.name,
            from: old.map { try RolloutState($0).columns + [Column("revision", rollout.revision)] },
            to: columns + [Column("revision", rollout.revision + 1)])
    }

    func add(_ offer: OfferRecord, values: [String: String]) throws {
        try insert(offer.columns, into: "offers")
        for (name, value) in values {
            try execute(
                "INSERT INTO lease_values (nonce, name, value) VALUES (?, ?, ?)",
                [offer.nonce.text, name, value])
        }
        try audit(
            .offerMade, AuditSubject(.offer, offer.nonce), device: offer.device,
            rollout: offer.rollout, from: nil, to: offer.columns)
    }

    func update(_ offer: OfferRecord) throws {
        let outcome = offer.outcome.columns
        let old = offer.outcome == .open ? nil : try self.offer(offer.nonce)
        let changed = try execute(
            "UPDATE offers SET expires_s = ?, outcome = ?, failure_class = ?, failure_detail = ?,"
                + " failure_log = ?, heard_s = ?, decided_s = ? WHERE nonce = ?",
            SQLArguments(
                [offer.expires.secondsSinceEpoch.sqlValue] + outcome.map(\.value)
                    + [
                        offer.heard.secondsSinceEpoch.sqlValue,
                        offer.decided?.secondsSinceEpoch.sqlValue ?? .null,
                        offer.nonce.text.sqlValue,
                    ]))
        guard changed == 1 else { throw StoreError.conflict }
        guard offer.outcome != .open else { return }
        try execute("DELETE FROM lease_values WHERE nonce = ?", [offer.nonce.text])
        try audit(
            .offerDecided, AuditSubject(.offer, offer.nonce), device: offer.device,
            rollout: offer.rollout, from: old?.decisionColumns, to: offer.decisionColumns)
    }

    @discardableResult func add(_ stratum: PausedStratum) throws -> Bool {
        try raiseRolloutsVersion()
        let added = try execute(
            "INSERT INTO paused_strata (rollout, name, value, at_s, reason) VALUES (?, ?, ?, ?, ?)"
                + " ON CONFLICT DO NOTHING",
            [
                stratum.rollout.text, stratum.stratum.attribute, stratum.stratum.value,
                stratum.at.secondsSinceEpoch, stratum.reason,
            ])
        guard added > 0 else { return false }
        try audit(
            .stratumPaused, AuditSubject(.rollout, stratum.rollout), rollout: stratum.rollout,
            from: nil,
            to: stratum.stratum.columns + [Column("reason", stratum.reason)])
        return true
    }

    func beat(at now: Instant) throws {
        try upsert(
            [Column("number", 1), Column("at_s", now.secondsSinceEpoch)], into: "heartbeat",
            key: "number")
    }

    func lift(_ stratum: Stratum, in rollout: RolloutName, at now: Instant) throws -> Bool {
        try raiseRolloutsVersion()
        let changed = try execute(
            "UPDATE paused_strata SET lifted_s = ?"
                + " WHERE rollout = ? AND name = ? AND value = ? AND lifted_s IS NULL",
            [now.secondsSinceEpoch, rollout.text, stratum.attribute, stratum.value])
        guard changed > 0 else { return false }
        try audit(
            .stratumLifted, AuditSubject(.rollout, rollout), rollout: rollout,
            from: stratum.columns, to: nil)
        return true
    }

    func add(_ approval: ApprovalRecord) throws {
        let added = try execute(
            "INSERT INTO approvals (rollout, wave, since_s, operator, at_s) VALUES (?, ?, ?, ?, ?)"
                + " ON CONFLICT DO NOTHING",
            [
                approval.rollout.text, approval.wave, approval.since.secondsSinceEpoch,
                approval.by.text, approval.at.secondsSinceEpoch,
            ])
        guard added > 0 else { return }
        try audit(
            .waveApproved, AuditSubject(.rollout, approval.rollout), rollout: approval.rollout,
            from: nil,
            to: [
                Column("wave", approval.wave), Column("since_s", approval.since.secondsSinceEpoch),
                Column("operator", approval.by.text),
            ])
    }

    func add(_ event: EventRecord) throws {
        try execute(
            "INSERT INTO events (at_s, device, rollout, what) VALUES (?, ?, ?, ?)",
            [event.at.secondsSinceEpoch, event.device?.text, event.rollout?.text, event.what])
    }

    func insert(
        _ columns: [Column], into table: String
    ) throws {
        try execute(
            "INSERT INTO \(table)"
                + " (\(columns.map(\.name).joined(separator: ", ")))"
                + " VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))",
            SQLArguments(columns.map(\.value)))
    }
}
