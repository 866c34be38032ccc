internal import Model
internal import Orchestrator

/// What is seen of the fleet from outside.
extension SQLTransaction {
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
            SQLArguments(lifecycles.map(\.rawValue)) + [silentSince.secondsSinceEpoch]
        ).first
        // A sum over no device at all is null.
        func count(_ column: String) -> Int {
            let number: Int? = row?[column]
            return number ?? 0
        }
        return DeviceCensus(
            counts: Dictionary(
                lifecycles.enumerated().map { ($1, count("l\($0)")) },
                uniquingKeysWith: { first, _ in first }),
            overdue: count("overdue"), held: count("held"), quarantined: count("quarantined"),
            askingForKey: count("asking"))
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
