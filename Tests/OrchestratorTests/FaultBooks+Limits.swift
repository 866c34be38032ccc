import Model
import Rollouts
import TestSupport
import Wire

/// Promise P4, counted otherwise than the server does.
extension FaultBooks {
    func spec(of rollout: String) throws -> (file: RolloutFile, spec: RolloutSpec) {
        struct Row: Decodable { let file_json: String }
        let rows: [Row] = try shell.rows("SELECT file_json FROM rollouts WHERE name = '\(rollout)'")
        let file = try RolloutFile(
            parsing: Array(must(rows.first).file_json.utf8), limitBytes: 1_000_000)
        return (file, try RolloutSpec(file))
    }

    /// - Parameter others: The leases that were open before.
    func checkLimits(
        of offer: OfferRow, _ said: FaultEvent.SaidByDevice, beside others: [OfferRow]
    ) throws {
        let (file, _) = try spec(of: offer.rollout)
        let wave = try openWave(of: offer, file)
        guard offer.wave <= wave else {
            throw BrokenPromise("P3: an offer in a wave that is not open: \(offer)")
        }
        guard isOpen(file.limits.window, at: offer.issued_s, for: said.attributes) else {
            throw BrokenPromise("P4: a lease while the window was shut: \(offer)")
        }
        for (attribute, share) in file.limits.per {
            try checkShare(attribute, share, of: offer, said, beside: others)
        }
        if let egress = file.limits.egress { try checkEgress(egress, of: offer) }
        if let rate = file.waves[wave].rate { try checkRate(rate, of: offer) }
    }

    /// The last wave that may be offered in the state that the rollout is in.
    private func openWave(of offer: OfferRow, _ file: RolloutFile) throws -> Int {
        let rows: [StateRow] = try shell.rows(
            "SELECT number, name AS rollout, 0 AS at_s, state, wave, since_s FROM rollouts"
                + " WHERE name = '\(offer.rollout)'")
        switch (rows.first?.state, rows.first?.wave) {
        case ("running", let wave?): return wave
        case ("completed", _): return file.waves.count - 1
        default: throw BrokenPromise("P3: an offer of a rollout that offers nothing: \(offer)")
        }
    }

    private func checkShare(
        _ attribute: String, _ share: String, of offer: OfferRow,
        _ said: FaultEvent.SaidByDevice, beside others: [OfferRow]
    ) throws {
        guard let value = said.attributes[attribute] else { return }
        let members = try shell.number(
            """
            SELECT count(*) FROM devices WHERE lifecycle = 'active' AND EXISTS (SELECT 1
                FROM attributes WHERE device = id AND name = '\(attribute)' AND value = '\(value)')
            """)
        let places =
            share.hasSuffix("%")
            ? max(1, members * (Int(share.dropLast()) ?? 0) / 100) : Int(share) ?? 0
        let taken = others.count { origins[$0.nonce]?.attributes[attribute] == value }
        guard taken < places else {
            throw BrokenPromise(
                "P4: \(taken) of \(places) places of \(attribute) \(value) were taken: \(offer)")
        }
    }

    /// Every window in which this is the last offer sees all others.
    private func checkEgress(_ budget: String, of offer: OfferRow) throws {
        let words = budget.split(whereSeparator: { " /".contains($0) })
        let since = offer.issued_s - Self.seconds(String(words[2]))
        let bytes = try shell.number(
            "SELECT sum(length_bytes) FROM offers WHERE rollout = '\(offer.rollout)'"
                + " AND issued_s > \(since) AND number <= \(offer.number)")
        guard bytes <= 1000 * (Int(words[0]) ?? 0) else {
            throw BrokenPromise("P4: \(bytes) bytes were offered of \(budget): \(offer)")
        }
    }

    private func checkRate(_ rate: RolloutFile.Rate, of offer: OfferRow) throws {
        let start = rate.start.split(separator: "/")
        let proven = try shell.number(
            "SELECT count(*) FROM attempts WHERE standing = 'proven'"
                + " AND rollout = '\(offer.rollout)'")
        var allowed = Int(start[0]) ?? 0
        if let factor = rate.factor, let every = rate.every?.split(separator: " ").first,
            let most = rate.max?.split(separator: "/").first
        {
            for _ in 0..<proven / (Int(every) ?? 1) { allowed = min(allowed * factor, 1_000_000) }
            allowed = min(allowed, Int(most) ?? 0)
        }
        let since = offer.issued_s - Self.seconds(String(start[1]))
        let taken = try shell.number(
            "SELECT count(*) FROM offers WHERE rollout = '\(offer.rollout)'"
                + " AND issued_s > \(since) AND number <= \(offer.number)")
        guard taken <= allowed else {
            throw BrokenPromise("P4: \(taken) leases, and \(allowed) were allowed: \(offer)")
        }
    }

    private static func seconds(_ unit: String) -> Int64 {
        switch unit {
        case "min": 60
        case "hour": 3600
        case "day": 86_400
        default: preconditionFailure("the tests' limits are by other units")
        }
    }

    private func isOpen(
        _ window: RolloutFile.Window?, at seconds: Int64, for attributes: Attributes
    ) -> Bool {
        guard let window else { return true }
        let zone = window.zone == "device" ? attributes["timezone"] : window.zone
        guard let hours = zone.flatMap({ FaultPlans.zoneHours[$0] }) else { return false }
        let minute = (seconds + Int64(hours) * 3600) % 86_400 / 60
        let (from, to) = (Self.minutes(window.from), Self.minutes(window.to))
        return from < to ? (from..<to).contains(minute) : minute >= from || minute < to
    }

    private static func minutes(_ text: String) -> Int64 {
        let parts = text.split(separator: ":").compactMap { Int64($0) }
        return parts[0] * 60 + parts[1]
    }
}
