internal import Model
internal import Orchestrator

extension SQLTransaction {
    func devices(
        after id: DeviceID?, hardware: HardwareModel?, limit: Int
    ) throws -> [DeviceRecord] {
        var conditions = [Column("id > ?", id?.text ?? "")]
        if let hardware { conditions.append(Column("hardware = ?", hardware.text)) }
        let rows = try page("SELECT * FROM devices", conditions, "id", limit: limit)
        guard let first = rows.first, let last = rows.last else { return [] }
        var attributes: [String: [String: String]] = [:]
        // Between two devices of one model there may be thousands of others.
        if hardware == nil {
            try take(
                "device >= ? AND device <= ?", [first["id"] as String, last["id"] as String],
                into: &attributes)
        } else {
            for row in rows { try take("device = ?", [row["id"] as String], into: &attributes) }
        }
        return try rows.map { row in
            try DeviceRecord(row, attributes: Attributes(attributes[row["id"]] ?? [:]))
        }
    }

    private func take(
        _ condition: String, _ arguments: SQLArguments,
        into attributes: inout [String: [String: String]]
    ) throws {
        for row in try rows(
            "SELECT device, name, value FROM attributes WHERE \(condition)", arguments)
        {
            attributes[row["device"], default: [:]][row["name"]] = row["value"]
        }
    }

    func hasAttribute(_ name: String) throws -> Bool {
        try !rows("SELECT name FROM attributes WHERE name = ? LIMIT 1", [name]).isEmpty
    }

    func rollouts(
        olderThan name: RolloutName?, in state: RolloutStateWord?, limit: Int
    ) throws -> [RolloutRecord] {
        var conditions: [Column] = []
        if let name {
            conditions.append(
                Column("number < (SELECT number FROM rollouts WHERE name = ?)", name.text))
        }
        if let state { conditions.append(Column("state = ?", state.rawValue)) }
        return try page("SELECT * FROM rollouts", conditions, "number DESC", limit: limit).map {
            row in
            try RolloutRecord(
                row,
                waves: rows(
                    "SELECT * FROM waves WHERE rollout = ? ORDER BY number",
                    [row["name"] as String]))
        }
    }

    func cohorts(after name: CohortName?, limit: Int) throws -> [CohortRecord] {
        let newest = "version = (SELECT max(version) FROM cohorts n WHERE n.name = c.name)"
        return try page(
            "SELECT * FROM cohorts c", [Column("\(newest) AND name > ?", name?.text ?? "")], "name",
            limit: limit
        ).map { try CohortRecord($0) }
    }

    /// By number: all writes happen one after another, on every engine, so a number that is seen is
    /// never followed by a smaller one that is committed later.
    func events(
        after number: Int64, about subject: EventSubject, limit: Int
    ) throws -> [NumberedEvent] {
        var conditions = [Column("number > ?", number)]
        if let rollout = subject.rollout {
            conditions.append(Column("rollout = ?", rollout.text))
        }
        if let device = subject.device { conditions.append(Column("device = ?", device.text)) }
        return try page("SELECT * FROM events", conditions, "number", limit: limit).map {
            try NumberedEvent($0)
        }
    }

    func newestEventNumber() throws -> Int64 {
        Int64(try count("SELECT coalesce(max(number), 0) FROM events", []))
    }

    /// - Parameter conditions: Each with its one argument.
    private func page(
        _ select: String, _ conditions: [Column], _ order: String, limit: Int
    ) throws -> [SQLRow] {
        let condition = conditions.map(\.name).joined(separator: " AND ")
        return try rows(
            select + (condition.isEmpty ? "" : " WHERE \(condition)")
                + " ORDER BY \(order) LIMIT \(limit)",
            SQLArguments(conditions.map(\.value)))
    }
}

extension NumberedEvent {
    init(_ row: SQLRow) throws {
        self.init(number: row["number"], event: try EventRecord(row))
    }
}

extension EventRecord {
    init(_ row: SQLRow) throws {
        self.init(
            at: row.instant("at_s"), device: try row.optional("device") { DeviceID($0) },
            rollout: try row.optional("rollout") { RolloutName($0) }, what: row["what"])
    }
}
