internal import Audit
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

    /// What an `IN` looks in; of none, a place in which nothing is found.
    private static func places(_ count: Int) -> String {
        count == 0 ? "NULL" : Array(repeating: "?", count: count).joined(separator: ", ")
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

    func origins(in rollout: RolloutName) throws -> [ReleaseID: Int] {
        let rows = try rows(
            "SELECT a.from_name AS release_name, a.from_version AS release_version,"
                + " count(*) AS devices FROM attempts a JOIN devices d ON d.id = a.device"
                + " WHERE a.rollout = ? AND a.standing = 'proven' AND a.from_name IS NOT NULL"
                + " AND d.lifecycle = 'active'"
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
        let old = try attemptRecord(of: attempt.device, in: attempt.rollout)
        try upsert(attempt.columns, into: "attempts", key: "rollout, device")
        try count(attempt, insteadOf: old)
    }

    func add(values: [String: String], of attempt: AttemptRecord) throws {
        for (name, value) in values {
            try execute(
                "INSERT INTO attempt_values (rollout, device, name, value) VALUES (?, ?, ?, ?)",
                [attempt.rollout.text, attempt.device.text, name, value])
            try add(
                1, to: Stratum(attribute: name, value: value), TallyGroup(attempt).word,
                of: attempt.rollout)
        }
    }

    func removeAttempt(of device: DeviceID, in rollout: RolloutName) throws {
        try count(nil, insteadOf: attemptRecord(of: device, in: rollout))
        try execute(
            "DELETE FROM attempt_values WHERE rollout = ? AND device = ?",
            [rollout.text, device.text])
        try execute(
            "DELETE FROM attempts WHERE rollout = ? AND device = ?", [rollout.text, device.text])
    }

    /// A failure that is still tried again is noted once it counts, and not before.
    func noteEvidence(in rollout: RolloutName, at now: Instant) throws {
        let count = try execute(
            "UPDATE attempts AS a SET noted_try ="
                + " \(Self.newestEvidence)"
                + " WHERE a.rollout = ? AND (a.standing = 'proven' OR (\(Self.hasFailed)))",
            [rollout.text, now.secondsSinceEpoch])
        try auditAttempts(
            .evidenceNoted, rollout, [Column("until_s", now.secondsSinceEpoch)], count)
    }

    func forgiveNoted(in rollout: RolloutName) throws {
        let count = try execute(
            "UPDATE attempts SET forgiven_try = noted_try"
                + " WHERE rollout = ? AND forgiven_try < noted_try", [rollout.text])
        try countAnew(rollout)
        try auditAttempts(.failuresForgiven, rollout, [Column("which", "noted")], count)
    }

    /// Proofs count no more, too: half of a stratum's evidence would speak for all of it.
    func forgive(_ stratum: Stratum, in rollout: RolloutName, at now: Instant) throws {
        let count = try execute(
            "UPDATE attempts AS a SET forgiven_try = \(Self.newestEvidence)"
                + " WHERE a.rollout = ? AND a.forgiven_try < \(Self.newestEvidence)"
                + " AND (a.standing = 'proven' OR (\(Self.hasFailed)))"
                + " AND a.device IN (SELECT device FROM attempt_values"
                + " WHERE rollout = a.rollout AND name = ? AND value = ?)",
            [rollout.text, now.secondsSinceEpoch, stratum.attribute, stratum.value])
        try countAnew(rollout)
        try auditAttempts(
            .failuresForgiven, rollout,
            [Column("which", "stratum"), Column("until_s", now.secondsSinceEpoch)]
                + stratum.columns, count)
    }

    func forgive(
        _ classes: Set<FailureClass>, in rollout: RolloutName, at now: Instant
    ) throws -> Int {
        let words = classes.map(\.rawValue).sorted()
        let count = try execute(
            "UPDATE attempts AS a SET forgiven_try = a.failure_try WHERE a.rollout = ?"
                + " AND \(Self.hasFailed) AND a.failure_try > a.forgiven_try"
                + " AND a.failure_class IN (\(Self.places(words.count)))",
            [rollout.text, now.secondsSinceEpoch] + SQLArguments(words))
        try countAnew(rollout)
        try auditAttempts(
            .failuresForgiven, rollout,
            [
                Column("which", "classes"), Column("classes", words.joined(separator: ",")),
                Column("until_s", now.secondsSinceEpoch),
            ], count)
        return count
    }

    /// Whoever was to be tried again while nothing was offered gets their time anew.
    func postponeRetries(in rollout: RolloutName, until moment: Instant) throws {
        let count = try execute(
            "UPDATE attempts SET counts_from_s = ? WHERE rollout = ?"
                + " AND standing = 'failed' AND counts_from_s > failed_s AND counts_from_s < ?",
            [moment.secondsSinceEpoch, rollout.text, moment.secondsSinceEpoch])
        try auditAttempts(
            .retriesPostponed, rollout, [Column("until_s", moment.secondsSinceEpoch)], count)
    }

    func grantRetry(
        of classes: Set<FailureClass>, in rollout: RolloutName, at now: Instant
    ) throws -> Int {
        let words = classes.map(\.rawValue).sorted()
        let count = try execute(
            "UPDATE attempts SET granted_try = tries, granted_s = ? WHERE rollout = ?"
                + " AND standing = 'failed' AND granted_try < tries"
                + " AND failure_class IN (\(Self.places(words.count)))",
            [now.secondsSinceEpoch, rollout.text] + SQLArguments(words))
        try auditAttempts(
            .retriesGranted, rollout, [Column("classes", words.joined(separator: ","))], count)
        return count
    }

    func add(
        _ control: OverdueGrading.Control, of rollout: RolloutName,
        newestOverdue newest: Instant, at now: Instant
    ) throws {
        let added = try execute(
            "INSERT INTO silence_controls (rollout, newest_s, at_s, silent_count, device_count)"
                + " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                rollout.text, newest.secondsSinceEpoch, now.secondsSinceEpoch, control.silent,
                control.count,
            ])
        guard added > 0 else { return }
        try audit(
            .silenceMeasured, AuditSubject(.rollout, rollout), rollout: rollout, from: nil,
            to: [
                Column("newest_overdue_s", newest.secondsSinceEpoch),
                Column("silent", control.silent), Column("devices", control.count),
            ])
    }

    /// One row for what happens to many attempts at once: by which rule, and to how many.
    private func auditAttempts(
        _ action: AuditAction, _ rollout: RolloutName, _ rule: [Column], _ count: Int
    ) throws {
        guard count > 0 else { return }
        try audit(
            action, AuditSubject(.rollout, rollout), rollout: rollout, from: nil,
            to: rule + [Column("devices", count)])
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
