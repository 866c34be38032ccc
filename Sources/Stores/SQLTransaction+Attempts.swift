internal import Model
internal import Orchestrator
internal import Rollouts

/// What devices have made of rollouts, and what the gate counts of it.
extension SQLTransaction {
    /// The newest try failed, and that counts at the moment given; forgiven or not.
    private static let hasFailed =
        "a.standing <> 'proven' AND a.failure_try > 0 AND a.counts_from_s <= ?"
    /// The try of the proof, or of the newest failure.
    private static let newestEvidence =
        "CASE a.standing WHEN 'proven' THEN a.tries ELSE a.failure_try END"
    private static let outsidePausedStrata = """
        NOT EXISTS (SELECT 1 FROM paused_strata p JOIN attempt_values x
            ON x.rollout = p.rollout AND x.name = p.name AND x.value = p.value
            WHERE p.rollout = a.rollout AND p.lifted_s IS NULL AND x.device = a.device)
        """

    func attempt(of device: DeviceID, in rollout: RolloutName) throws -> Attempt? {
        try attemptRecord(of: device, in: rollout)?.attempt
    }

    /// What an `IN` looks in; of none, a place in which nothing is found.
    private static func places(_ count: Int) -> String {
        count == 0 ? "NULL" : Array(repeating: "?", count: count).joined(separator: ", ")
    }

    func newestProven(of device: DeviceID) throws -> RolloutName? {
        try rows(
            "SELECT a.rollout AS rollout FROM attempts a JOIN rollouts r ON r.name = a.rollout"
                + " WHERE a.device = ? AND a.standing = 'proven' ORDER BY r.number DESC LIMIT 1",
            [device.text]
        ).first.map { try $0.value("rollout") { RolloutName($0) } }
    }

    func attemptRecord(of device: DeviceID, in rollout: RolloutName) throws -> AttemptRecord? {
        try rows(
            "SELECT * FROM attempts WHERE rollout = ? AND device = ?", [rollout.text, device.text]
        ).first.map { try AttemptRecord($0) }
    }

    func attemptRecords(in rollout: RolloutName) throws -> [AttemptRecord] {
        try rows("SELECT * FROM attempts WHERE rollout = ?", [rollout.text])
            .map { try AttemptRecord($0) }
    }

    func provenCount(in rollout: RolloutName) throws -> Int {
        try count(
            "SELECT count(*) FROM attempts WHERE rollout = ? AND standing = 'proven'",
            [rollout.text])
    }

    func tallies(
        of rollout: RolloutName, at now: Instant, outsidePausedStrata: Bool
    ) throws -> [WaveTally] {
        let onlyOutside = try outsidePausedStrata && !pausedStrata(of: rollout).isEmpty
        let rows = try rows(
            "SELECT a.wave AS wave, a.standing AS standing, a.failure_class AS failure_class,"
                + " \(Self.hasFailed) AS has_failed, a.tries > a.forgiven_try AS is_news,"
                + " a.failure_try > a.forgiven_try AS failure_is_news, count(*) AS devices"
                + " FROM attempts a WHERE a.rollout = ?"
                + (onlyOutside ? " AND \(Self.outsidePausedStrata)" : "")
                + " GROUP BY 1, 2, 3, 4, 5, 6",
            [now.secondsSinceEpoch, rollout.text])
        var tallies: [Int: WaveTally] = [:]
        for row in rows {
            let wave: Int = row["wave"]
            try tallies[wave, default: WaveTally(wave: wave)].add(row)
        }
        return tallies.values.sorted { $0.wave < $1.wave }
    }

    func decided(
        in rollout: RolloutName, by attributes: [String], classes: Set<FailureClass>,
        at now: Instant
    ) throws -> [Stratum: DecidedCount] {
        let words = classes.map(\.rawValue).sorted()
        let failed =
            "\(Self.hasFailed) AND a.failure_try > a.forgiven_try"
            + " AND a.failure_class IN (\(Self.places(words.count)))"
        let rows = try rows(
            "SELECT v.name AS name, v.value AS value,"
                + " sum(CASE WHEN a.standing = 'proven' AND a.tries > a.forgiven_try"
                + " THEN 1 ELSE 0 END) AS proven,"
                + " sum(CASE WHEN \(failed) THEN 1 ELSE 0 END) AS failed FROM attempts a"
                + " JOIN attempt_values v ON v.rollout = a.rollout AND v.device = a.device"
                + " WHERE a.rollout = ? AND v.name IN (\(Self.places(attributes.count)))"
                + " AND \(Self.outsidePausedStrata) GROUP BY v.name, v.value",
            [now.secondsSinceEpoch] + SQLArguments(words) + [rollout.text]
                + SQLArguments(attributes))
        return Dictionary(
            rows.map {
                (
                    Stratum(attribute: $0["name"], value: $0["value"]),
                    DecidedCount(proven: $0["proven"], failed: $0["failed"])
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    func origins(in rollout: RolloutName) throws -> [ReleaseID: Int] {
        let rows = try rows(
            "SELECT from_name AS release_name, from_version AS release_version,"
                + " count(*) AS devices FROM attempts"
                + " WHERE rollout = ? AND standing = 'proven' AND from_name IS NOT NULL"
                + " GROUP BY 1, 2", [rollout.text])
        return Dictionary(
            rows.compactMap { row in row.release.map { ($0, row["devices"]) } },
            uniquingKeysWith: { first, _ in first })
    }

    func silenceControl(
        of rollout: RolloutName, newestOverdue newest: Instant
    ) throws -> OverdueGrading.Control? {
        try rows(
            "SELECT silent_count, device_count FROM silence_controls"
                + " WHERE rollout = ? AND newest_s = ?", [rollout.text, newest.secondsSinceEpoch]
        ).first.map {
            OverdueGrading.Control(silent: $0["silent_count"], count: $0["device_count"])
        }
    }

    func newestOverdue(in rollout: RolloutName) throws -> (failed: Instant, heard: Instant)? {
        try rows(
            "SELECT a.failed_s AS failed_s, o.heard_s AS heard_s FROM attempts a"
                + " JOIN offers o ON o.device = a.device AND o.rollout = a.rollout"
                + " AND o.failure_class = 'overdue'"
                + " WHERE a.rollout = ? AND a.standing <> 'proven'"
                + " AND a.failure_class = 'overdue' AND a.failure_try > a.forgiven_try"
                + " ORDER BY a.failed_s DESC, o.heard_s DESC LIMIT 1", [rollout.text]
        ).first.map { ($0.instant("failed_s"), $0.instant("heard_s")) }
    }

    func devicesWithProof(newerThan rollout: RolloutName) throws -> Set<DeviceID> {
        Set(
            try rows(
                "SELECT DISTINCT a.device AS device FROM attempts a"
                    + " JOIN rollouts r ON r.name = a.rollout WHERE a.standing = 'proven'"
                    + " AND r.number > (SELECT number FROM rollouts WHERE name = ?)",
                [rollout.text]
            ).map { try $0.value("device") { DeviceID($0) } })
    }

    func meanExposure(in rollout: RolloutName) throws -> Duration {
        let mean: Double? = try rows(
            "SELECT avg(CASE outcome WHEN 'proven' THEN decided_s ELSE heard_s END - issued_s)"
                + " FROM offers WHERE rollout = ?"
                + " AND (outcome = 'proven' OR failure_class = 'overdue')",
            [rollout.text]
        ).first.flatMap { $0[0] }
        return .seconds(max(60, Int64(mean ?? 0)))
    }

    // MARK: changes

    func save(_ attempt: AttemptRecord) throws {
        try upsert(attempt.columns, into: "attempts", key: "rollout, device")
    }

    func add(values: [String: String], of attempt: AttemptRecord) throws {
        for (name, value) in values {
            try execute(
                "INSERT INTO attempt_values (rollout, device, name, value) VALUES (?, ?, ?, ?)",
                [attempt.rollout.text, attempt.device.text, name, value])
        }
    }

    func removeAttempt(of device: DeviceID, in rollout: RolloutName) throws {
        try execute(
            "DELETE FROM attempt_values WHERE rollout = ? AND device = ?",
            [rollout.text, device.text])
        try execute(
            "DELETE FROM attempts WHERE rollout = ? AND device = ?", [rollout.text, device.text])
    }

    /// A failure that is still tried again is noted once it counts, and not before.
    func noteEvidence(in rollout: RolloutName, at now: Instant) throws {
        try execute(
            "UPDATE attempts AS a SET noted_try ="
                + " \(Self.newestEvidence)"
                + " WHERE a.rollout = ? AND (a.standing = 'proven' OR (\(Self.hasFailed)))",
            [rollout.text, now.secondsSinceEpoch])
    }

    func forgiveNoted(in rollout: RolloutName) throws {
        try execute(
            "UPDATE attempts SET forgiven_try = noted_try"
                + " WHERE rollout = ? AND forgiven_try < noted_try", [rollout.text])
    }

    /// Proofs count no more, too: half of a stratum's evidence would speak for all of it.
    func forgive(_ stratum: Stratum, in rollout: RolloutName, at now: Instant) throws {
        try execute(
            "UPDATE attempts AS a SET forgiven_try = \(Self.newestEvidence)"
                + " WHERE a.rollout = ? AND a.forgiven_try < \(Self.newestEvidence)"
                + " AND (a.standing = 'proven' OR (\(Self.hasFailed)))"
                + " AND a.device IN (SELECT device FROM attempt_values"
                + " WHERE rollout = a.rollout AND name = ? AND value = ?)",
            [rollout.text, now.secondsSinceEpoch, stratum.attribute, stratum.value])
    }

    func forgive(
        _ classes: Set<FailureClass>, in rollout: RolloutName, at now: Instant
    ) throws -> Int {
        let words = classes.map(\.rawValue).sorted()
        return try execute(
            "UPDATE attempts AS a SET forgiven_try = a.failure_try WHERE a.rollout = ?"
                + " AND \(Self.hasFailed) AND a.failure_try > a.forgiven_try"
                + " AND a.failure_class IN (\(Self.places(words.count)))",
            [rollout.text, now.secondsSinceEpoch] + SQLArguments(words))
    }

    /// Whoever was to be tried again while nothing was offered gets their time anew.
    func postponeRetries(in rollout: RolloutName, until moment: Instant) throws {
        try execute(
            "UPDATE attempts SET counts_from_s = ? WHERE rollout = ?"
                + " AND standing = 'failed' AND counts_from_s > failed_s AND counts_from_s < ?",
            [moment.secondsSinceEpoch, rollout.text, moment.secondsSinceEpoch])
    }

    func grantRetry(
        of classes: Set<FailureClass>, in rollout: RolloutName, at now: Instant
    ) throws -> Int {
        let words = classes.map(\.rawValue).sorted()
        return try execute(
            "UPDATE attempts SET granted_try = tries, granted_s = ? WHERE rollout = ?"
                + " AND standing = 'failed' AND granted_try < tries"
                + " AND failure_class IN (\(Self.places(words.count)))",
            [now.secondsSinceEpoch, rollout.text] + SQLArguments(words))
    }

    func add(
        _ control: OverdueGrading.Control, of rollout: RolloutName,
        newestOverdue newest: Instant, at now: Instant
    ) throws {
        try execute(
            "INSERT INTO silence_controls (rollout, newest_s, at_s, silent_count, device_count)"
                + " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                rollout.text, newest.secondsSinceEpoch, now.secondsSinceEpoch, control.silent,
                control.count,
            ])
    }
}

extension WaveTally {
    /// Adds the devices of one group.
    fileprivate mutating func add(_ row: SQLRow) throws {
        let devices: Int = row["devices"]
        let standing = try row.value("standing") { AttemptRecord.Standing(rawValue: $0) }
        // Comparing with a moment that is not there yields nothing, which is no failure.
        let hasFailed: Bool = row["has_failed"] ?? false
        if hasFailed {
            let counts = FailureCounts([
                try row.value("failure_class") { FailureClass(rawValue: $0) }: devices
            ])
            if standing == .failed { failures = failures + counts }
            if row["failure_is_news"] { evidence.failures = evidence.failures + counts }
        }
        switch standing {
        case .open: open += devices
        case .proven:
            proven += devices
            if row["is_news"] { evidence.proven += devices }
        case .failed: if !hasFailed { retrying += devices }
        }
    }
}

extension AttemptRecord {
    init(_ row: SQLRow) throws {
        let kind = try row.optional("failure_class") { FailureClass(rawValue: $0) }
        let standing = try row.value("standing") { Standing(rawValue: $0) }
        guard kind != nil || standing != .failed else {
            throw StoreError.failed("a failed attempt has no failure")
        }
        self.init(
            rollout: try row.value("rollout") { RolloutName($0) },
            device: try row.value("device") { DeviceID($0) }, wave: row["wave"],
            standing: standing, tries: row["tries"],
            lastFailure: kind.map {
                LastFailure(
                    kind: $0, tryNumber: row["failure_try"], at: row.instant("failed_s"),
                    countsFrom: row.optionalInstant("counts_from_s"))
            },
            notedTry: row["noted_try"], forgivenTry: row["forgiven_try"],
            grant: row.optionalInstant("granted_s").map {
                Grant(tryNumber: row["granted_try"], at: $0)
            },
            cameFrom: row.release(name: "from_name", version: "from_version"))
    }

    var columns: [Column] {
        [
            Column("rollout", rollout.text), Column("device", device.text), Column("wave", wave),
            Column("standing", standing.rawValue), Column("tries", tries),
            Column("failure_try", lastFailure?.tryNumber ?? 0),
            Column("failure_class", lastFailure?.kind.rawValue),
            Column("failed_s", lastFailure?.at.secondsSinceEpoch),
            Column("counts_from_s", lastFailure?.countsFrom?.secondsSinceEpoch),
            Column("noted_try", notedTry), Column("forgiven_try", forgivenTry),
            Column("granted_try", grant?.tryNumber ?? 0),
            Column("granted_s", grant?.at.secondsSinceEpoch),
            Column("from_name", cameFrom?.name.text),
            Column("from_version", cameFrom?.version.text),
        ]
    }
}
