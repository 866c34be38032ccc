internal import GRDB
internal import Model
internal import Orchestrator

/// What is seen of the fleet from outside.
extension SQLiteTransaction {
    /// One pass over all devices without an index: one would cost every check-in, and this is read
    /// a few times a minute.
    func deviceCensus(silentSince: Instant) throws -> DeviceCensus {
        let lifecycles = DeviceRecord.Lifecycle.allCases
        let active = "lifecycle = 'active' AND"
        let sums =
            lifecycles.enumerated().map { number, _ in Self.sum("lifecycle = ?", "l\(number)") } + [
                Self.sum("\(active) last_seen_s < ?", "overdue"),
                Self.sum("\(active) held_reason IS NOT NULL", "held"),
                Self.sum("\(active) quarantined_s IS NOT NULL", "quarantined"),
                Self.sum("\(active) asked_key IS NOT NULL", "asking"),
            ]
        let row = try rows(
            "SELECT \(sums.joined(separator: ", ")) FROM devices",
            StatementArguments(
                lifecycles.map { $0.rawValue.databaseValue } + [
                    silentSince.secondsSinceEpoch.databaseValue
                ])
        ).first
        var counts: [DeviceRecord.Lifecycle: Int] = [:]
        for (number, lifecycle) in lifecycles.enumerated() {
            counts[lifecycle] = row?["l\(number)"] ?? 0
        }
        return DeviceCensus(
            counts: counts, overdue: row?["overdue"] ?? 0, held: row?["held"] ?? 0,
            quarantined: row?["quarantined"] ?? 0, askingForKey: row?["asking"] ?? 0)
    }

    private static func sum(_ condition: String, _ name: String) -> String {
        "sum(CASE WHEN \(condition) THEN 1 ELSE 0 END) AS \(name)"
    }

    func leaseCensus(at now: Instant) throws -> LeaseCensus {
        var open: [RolloutName: Int] = [:]
        for row in try rows(
            "SELECT rollout, count(*) AS leases FROM offers WHERE outcome = 'open'"
                + " GROUP BY rollout")
        {
            open[try row.value("rollout") { RolloutName($0) }] = row["leases"]
        }
        return LeaseCensus(
            open: open,
            lapsed: try count(
                "SELECT count(*) FROM offers WHERE outcome = 'open' AND expires_s <= ?",
                [now.secondsSinceEpoch]))
    }

    func rolloutCounts() throws -> [String: Int] {
        let rows = try rows("SELECT state, count(*) AS rollouts FROM rollouts GROUP BY state")
        return Dictionary(
            rows.map { ($0["state"], $0["rollouts"]) }, uniquingKeysWith: { first, _ in first })
    }

    func underWayRollouts(limit: Int) throws -> [RolloutName] {
        try rows(
            "SELECT name FROM rollouts WHERE state NOT IN ('completed', 'aborted')"
                + " ORDER BY number DESC LIMIT ?", [limit]
        ).map { try $0.value("name") { RolloutName($0) } }
    }

    func releaseCount() throws -> Int {
        try count(
            "SELECT count(*) FROM"
                + " (SELECT DISTINCT release_name, release_version FROM images) AS releases", [])
    }

    func imageCount() throws -> Int { try count("SELECT count(*) FROM images", []) }
}
