internal import Model
internal import Orchestrator
internal import Rollouts

/// Counts of attempts that are kept with every change of one, so that a look at a rollout takes as
/// long for a million devices as for ten.
///
/// Kept is what does not depend on the moment. Failures that begin to count later, and devices of
/// paused strata, are few: they are counted when somebody asks, and taken off.
extension SQLTransaction {
    private static let selectGroups =
        "SELECT * FROM attempt_tallies WHERE rollout = ? AND devices > 0"
    private static let selectProven =
        "SELECT devices FROM attempt_tallies WHERE rollout = ? AND standing = 'proven'"
    private static let selectStrata =
        "SELECT * FROM stratum_tallies WHERE rollout = ? AND devices > 0"
    private static let selectValues =
        "SELECT name, value FROM attempt_values WHERE rollout = ? AND device = ?"
    private static let isGroup = """
        rollout = ? AND wave = ? AND standing = ? AND failure_class = ? AND counts = ?
            AND is_news = ? AND failure_is_news = ?
        """
    private static let addToGroup =
        "UPDATE attempt_tallies SET devices = devices + ? WHERE \(isGroup)"
    private static let beginGroup = """
        INSERT INTO attempt_tallies (rollout, wave, standing, failure_class, counts, is_news,
            failure_is_news, devices) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let addToStratum = """
        UPDATE stratum_tallies SET devices = devices + ?
            WHERE rollout = ? AND name = ? AND value = ? AND word = ?
        """
    private static let beginStratum = """
        INSERT INTO stratum_tallies (rollout, name, value, word, devices) VALUES (?, ?, ?, ?, ?)
        """

    func provenCount(in rollout: RolloutName) throws -> Int {
        try rows(Self.selectProven, [rollout.text]).reduce(0) { $0 + $1["devices"] }
    }

    func tallies(
        of rollout: RolloutName, at now: Instant, outsidePausedStrata: Bool
    ) throws -> [WaveTally] {
        let onlyOutside = try outsidePausedStrata && !pausedStrata(of: rollout).isEmpty
        var counts = try groups(Self.selectGroups, [rollout.text])
        var pending = try groups(
            TallyRows.groups(where: TallyRows.isPending), [rollout.text, now.secondsSinceEpoch])
        if onlyOutside {
            let paused = TallyRows.isInPausedStratum
            counts.subtract(
                try groups(TallyRows.groups(where: paused), [rollout.text, rollout.text]))
            pending.subtract(
                try groups(
                    TallyRows.groups(where: "\(TallyRows.isPending) AND \(paused)"),
                    [rollout.text, now.secondsSinceEpoch, rollout.text]))
        }
        var tallies: [Int: WaveTally] = [:]
        for (group, devices) in counts where devices > 0 {
            let failed = group.counts ? devices - pending[group, default: 0] : 0
            tallies[group.wave, default: WaveTally(wave: group.wave)]
                .add(group, failed: failed, others: devices - failed)
        }
        return tallies.values.sorted { $0.wave < $1.wave }
    }

    func decided(
        in rollout: RolloutName, by attributes: [String], classes: Set<FailureClass>,
        at now: Instant
    ) throws -> [Stratum: DecidedCount] {
        let paused = TallyRows.isInPausedStratum
        var counts = try strata(Self.selectStrata, [rollout.text])
        counts.subtract(
            try strata(TallyRows.strata(where: paused), [rollout.text, rollout.text]))
        let pending = try strata(
            TallyRows.strata(where: "\(TallyRows.isPending) AND NOT (\(paused))"),
            [rollout.text, now.secondsSinceEpoch, rollout.text])
        let words = Set(classes.map(\.rawValue))
        var decided: [Stratum: (proven: Int, failed: Int)] = [:]
        for (place, devices) in counts
        where devices > 0 && attributes.contains(place.stratum.attribute) {
            var count = decided[place.stratum] ?? (0, 0)
            if place.word == TallyRows.proven { count.proven += devices }
            if words.contains(place.word) { count.failed += devices - pending[place, default: 0] }
            decided[place.stratum] = count
        }
        return decided.mapValues { DecidedCount(proven: $0.proven, failed: $0.failed) }
    }

    private func groups(_ sql: String, _ arguments: SQLArguments) throws -> [TallyGroup: Int] {
        var counts: [TallyGroup: Int] = [:]
        for row in try rows(sql, arguments) {
            counts[try TallyGroup(row), default: 0] += row["devices"]
        }
        return counts
    }

    private struct StratumWord: Hashable {
        let stratum: Stratum
        let word: String
    }

    private func strata(_ sql: String, _ arguments: SQLArguments) throws -> [StratumWord: Int] {
        var counts: [StratumWord: Int] = [:]
        for row in try rows(sql, arguments) {
            let stratum = Stratum(attribute: row["name"], value: row["value"])
            counts[StratumWord(stratum: stratum, word: row["word"]), default: 0] +=
                row["devices"]
        }
        return counts
    }

    // MARK: changes

    /// Moves the attempt from where it was counted to where it counts now.
    func count(_ new: AttemptRecord?, insteadOf old: AttemptRecord?) throws {
        let (before, after) = (old.map { TallyGroup($0) }, new.map { TallyGroup($0) })
        guard before != after, let attempt = new ?? old else { return }
        if let before { try add(-1, to: before, of: attempt.rollout) }
        if let after { try add(1, to: after, of: attempt.rollout) }
        guard before?.word != after?.word else { return }
        for row in try rows(Self.selectValues, [attempt.rollout.text, attempt.device.text]) {
            let stratum = Stratum(attribute: row["name"], value: row["value"])
            if let before { try add(-1, to: stratum, before.word, of: attempt.rollout) }
            if let after { try add(1, to: stratum, after.word, of: attempt.rollout) }
        }
    }

    func add(
        _ devices: Int, to stratum: Stratum, _ word: String, of rollout: RolloutName
    ) throws {
        let place: SQLArguments = [rollout.text, stratum.attribute, stratum.value, word]
        guard try execute(Self.addToStratum, [devices] + place) == 0 else { return }
        try execute(Self.beginStratum, place + [devices])
    }

    private func add(_ devices: Int, to group: TallyGroup, of rollout: RolloutName) throws {
        let place: SQLArguments = [
            rollout.text, group.wave, group.standing.rawValue, group.kind?.rawValue ?? "",
            group.counts, group.isNews, group.failureIsNews,
        ]
        guard try execute(Self.addToGroup, [devices] + place) == 0 else { return }
        try execute(Self.beginGroup, place + [devices])
    }

    /// Counts all attempts of the rollout anew, after a change of many.
    func countAnew(_ rollout: RolloutName) throws {
        try execute("DELETE FROM attempt_tallies WHERE rollout = ?", [rollout.text])
        try execute(
            "INSERT INTO attempt_tallies (rollout, wave, standing, failure_class, counts, is_news,"
                + " failure_is_news, devices) \(TallyRows.groups(where: "1 = 1"))", [rollout.text])
        try execute("DELETE FROM stratum_tallies WHERE rollout = ?", [rollout.text])
        try execute(
            "INSERT INTO stratum_tallies (rollout, name, value, word, devices)"
                + " \(TallyRows.strata(where: "1 = 1"))", [rollout.text])
    }
}

extension Dictionary where Value == Int {
    fileprivate mutating func subtract(_ other: [Key: Int]) {
        for (key, devices) in other { self[key, default: 0] -= devices }
    }
}

extension WaveTally {
    /// Adds the devices of one group: those whose failure counts, and the others.
    fileprivate mutating func add(_ group: TallyGroup, failed: Int, others: Int) {
        if let kind = group.kind, failed > 0 {
            let counts = FailureCounts([kind: failed])
            if group.standing == .failed { failures = failures + counts }
            if group.failureIsNews { evidence.failures = evidence.failures + counts }
        }
        switch group.standing {
        case .open: open += failed + others
        case .proven:
            proven += others
            if group.isNews { evidence.proven += others }
        case .failed: retrying += others
        }
    }
}
