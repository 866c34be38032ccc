internal import GRDB
internal import Model
internal import Orchestrator
internal import Rollouts

/// Questions and changes inside one transaction of SQLite.
struct SQLiteTransaction {
    let database: Database

    private static let selectDevices = "SELECT * FROM devices"
    private static let selectOffers = "SELECT * FROM offers"
    private static let selectImages = "SELECT * FROM images"
    private static let selectRollouts = "SELECT * FROM rollouts"

    func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [Row] {
        try Row.fetchAll(database, sql: sql, arguments: arguments)
    }

    private func count(_ sql: String, _ arguments: StatementArguments) throws -> Int {
        try Int.fetchOne(database, sql: sql, arguments: arguments) ?? 0
    }

    func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try database.execute(sql: sql, arguments: arguments)
    }
}

extension SQLiteTransaction: StoreReader {
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

    private func attributes(of device: DeviceID) throws -> Attributes {
        let rows = try rows("SELECT name, value FROM attributes WHERE device = ?", [device.text])
        return try Attributes(
            Dictionary(rows.map { ($0["name"], $0["value"]) }, uniquingKeysWith: { $1 }))
    }

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

    private func waves(of rollout: String) throws -> [Row] {
        try rows("SELECT * FROM waves WHERE rollout = ? ORDER BY number", [rollout])
    }

    func openOffer(of device: DeviceID) throws -> OfferRecord? {
        try rows("\(Self.selectOffers) WHERE device = ? AND outcome = 'open'", [device.text])
            .first.map { try OfferRecord($0) }
    }

    func attempt(of device: DeviceID, in rollout: RolloutName) throws -> OfferRecord? {
        try rows(
            "\(Self.selectOffers) WHERE device = ? AND rollout = ? AND outcome <> 'cancelled'"
                + " ORDER BY number DESC LIMIT 1", [device.text, rollout.text]
        ).first.map { try OfferRecord($0) }
    }

    func attempts(in rollout: RolloutName) throws -> [OfferRecord] {
        try rows(
            "\(Self.selectOffers) WHERE number IN (SELECT max(number) FROM offers"
                + " WHERE rollout = ? AND outcome <> 'cancelled' GROUP BY device)", [rollout.text]
        ).map { try OfferRecord($0) }
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

    /// No upper end: what a clock that was set back calls the future was taken all the same.
    private func recentUse(
        _ total: String, of rollout: RolloutName, since: Instant
    ) throws -> RecentUse? {
        let row = try rows(
            "SELECT \(total) AS total, min(issued_s) AS oldest_s FROM offers"
                + " WHERE rollout = ? AND issued_s > ?", [rollout.text, since.secondsSinceEpoch]
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

    func tallies(of rollout: RolloutName) throws -> [WaveTally] {
        try rows(
            "SELECT wave, sum(outcome = 'open') AS open, sum(outcome = 'proven') AS proven,"
                + " sum(outcome = 'failed') AS failed FROM offers WHERE rollout = ?"
                + " GROUP BY wave ORDER BY wave", [rollout.text]
        ).map { row in
            WaveTally(
                wave: row["wave"], open: row["open"], proven: row["proven"], failed: row["failed"])
        }
    }

    private static let outsidePausedStrata = """
        NOT EXISTS (SELECT 1 FROM paused_strata p JOIN attributes x
            ON x.name = p.name AND x.value = p.value
            WHERE p.rollout = o.rollout AND x.device = o.device)
        """

    func talliesOutsidePausedStrata(of rollout: RolloutName) throws -> [WaveTally] {
        guard try !pausedStrata(of: rollout).isEmpty else { return try tallies(of: rollout) }
        return try rows(
            "SELECT wave, sum(outcome = 'open') AS open, sum(outcome = 'proven') AS proven,"
                + " sum(outcome = 'failed') AS failed FROM offers o WHERE rollout = ?"
                + " AND \(Self.outsidePausedStrata) GROUP BY wave ORDER BY wave", [rollout.text]
        ).map { row in
            WaveTally(
                wave: row["wave"], open: row["open"], proven: row["proven"], failed: row["failed"])
        }
    }

    func decided(
        in rollout: RolloutName, by attributes: [String]
    ) throws -> [Stratum: DecidedCount] {
        let places = attributes.map { _ in "?" }.joined(separator: ", ")
        let rows = try rows(
            "SELECT a.name AS name, a.value AS value, sum(o.outcome = 'proven') AS proven,"
                + " sum(o.outcome = 'failed') AS failed FROM offers o"
                + " JOIN attributes a ON a.device = o.device"
                + " WHERE o.rollout = ? AND o.outcome IN ('proven', 'failed')"
                + " AND a.name IN (\(places)) AND \(Self.outsidePausedStrata)"
                + " GROUP BY a.name, a.value",
            StatementArguments([rollout.text] + attributes))
        return Dictionary(
            rows.map {
                (
                    Stratum(attribute: $0["name"], value: $0["value"]),
                    DecidedCount(proven: $0["proven"], failed: $0["failed"])
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    func pausedStrata(of rollout: RolloutName) throws -> [PausedStratum] {
        try rows(
            "SELECT * FROM paused_strata WHERE rollout = ? ORDER BY at_s, name, value",
            [rollout.text]
        ).map {
            PausedStratum(
                rollout: rollout, stratum: Stratum(attribute: $0["name"], value: $0["value"]),
                at: $0.instant("at_s"), reason: $0["reason"])
        }
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

extension SQLiteTransaction: StoreWriter {
    /// Adds the row, or replaces the one with the same `key`.
    private func upsert(_ columns: [Column], into table: String, key: String) throws {
        let names = columns.map(\.name)
        try execute(
            "INSERT INTO \(table) (\(names.joined(separator: ", ")))"
                + " VALUES (\(names.map { _ in "?" }.joined(separator: ", ")))"
                + " ON CONFLICT (\(key)) DO UPDATE SET "
                + names.map { "\($0) = excluded.\($0)" }.joined(separator: ", "),
            StatementArguments(columns.map(\.value)))
    }

    func save(_ device: DeviceRecord) throws {
        try upsert(device.columns, into: "devices", key: "id")
        guard try attributes(of: device.id) != device.attributes else { return }
        try execute("DELETE FROM attributes WHERE device = ?", [device.id.text])
        for (name, value) in device.attributes.values {
            try execute(
                "INSERT INTO attributes (device, name, value) VALUES (?, ?, ?)",
                [device.id.text, name, value])
        }
    }

    func save(_ image: ImageRecord) throws {
        try upsert(image.columns, into: "images", key: "path")
    }

    func removeImage(at path: TargetPath) throws {
        try execute("DELETE FROM images WHERE path = ?", [path.text])
    }

    func add(_ rollout: RolloutRecord) throws {
        try insert(rollout.columns, into: "rollouts")
        for (number, count) in rollout.deviceCounts.enumerated() {
            let listed = rollout.listed[number].map(\.text).joined(separator: ",")
            try execute(
                "INSERT INTO waves (rollout, number, device_count, listed) VALUES (?, ?, ?, ?)",
                [rollout.name.text, number, count, listed])
        }
    }

    func update(_ rollout: RolloutRecord) throws {
        let columns = rollout.stateColumns
        let arguments =
            columns.map(\.value) + [
                rollout.name.text.databaseValue, rollout.revision.databaseValue,
            ]
        try execute(
            "UPDATE rollouts SET revision = revision + 1, "
                + columns.map { "\($0.name) = ?" }.joined(separator: ", ")
                + " WHERE name = ? AND revision = ?",
            StatementArguments(arguments))
        guard database.changesCount == 1 else { throw StoreError.conflict }
    }

    func add(_ offer: OfferRecord, values: [String: String]) throws {
        try insert(offer.columns, into: "offers")
        for (name, value) in values {
            try execute(
                "INSERT INTO lease_values (nonce, name, value) VALUES (?, ?, ?)",
                [offer.nonce.text, name, value])
        }
    }

    func update(_ offer: OfferRecord) throws {
        let outcome = offer.outcome.columns
        try execute(
            "UPDATE offers SET expires_s = ?, outcome = ?, failure_class = ?, failure_detail = ?"
                + " WHERE nonce = ?",
            StatementArguments(
                [offer.expires.secondsSinceEpoch.databaseValue] + outcome.map(\.value)
                    + [offer.nonce.text.databaseValue]))
        guard database.changesCount == 1 else { throw StoreError.conflict }
        guard offer.outcome != .open else { return }
        try execute("DELETE FROM lease_values WHERE nonce = ?", [offer.nonce.text])
    }

    func add(_ stratum: PausedStratum) throws {
        try execute(
            "INSERT INTO paused_strata (rollout, name, value, at_s, reason) VALUES (?, ?, ?, ?, ?)"
                + " ON CONFLICT DO NOTHING",
            [
                stratum.rollout.text, stratum.stratum.attribute, stratum.stratum.value,
                stratum.at.secondsSinceEpoch, stratum.reason,
            ])
    }

    func add(_ approval: ApprovalRecord) throws {
        try execute(
            "INSERT INTO approvals (rollout, wave, since_s, operator, at_s) VALUES (?, ?, ?, ?, ?)"
                + " ON CONFLICT DO NOTHING",
            [
                approval.rollout.text, approval.wave, approval.since.secondsSinceEpoch,
                approval.by.text, approval.at.secondsSinceEpoch,
            ])
    }

    func add(_ event: EventRecord) throws {
        try execute(
            "INSERT INTO events (at_s, device, rollout, what) VALUES (?, ?, ?, ?)",
            [event.at.secondsSinceEpoch, event.device?.text, event.rollout?.text, event.what])
    }

    private func insert(
        _ columns: [Column], into table: String
    ) throws {
        try execute(
            "INSERT INTO \(table)"
                + " (\(columns.map(\.name).joined(separator: ", ")))"
                + " VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))",
            StatementArguments(columns.map(\.value)))
    }
}

/// A column of a row that is to be written.
struct Column {
    let name: String
    let value: DatabaseValue

    init(_ name: String, _ value: (any DatabaseValueConvertible)?) {
        self.name = name
        self.value = value?.databaseValue ?? .null
    }
}
