import Curl
import Foundation

/// What the servers' database has to say, found by another program.
struct Books {
    let load: Load

    private var site: Site { load.site }
    private var database: Database { site.database }

    /// What is wrong; empty when everything that was acknowledged is there, and nothing twice.
    ///
    /// To be called while nobody asks the servers for anything.
    func problems() throws -> [String] {
        var found = load.ledger.with { facts in
            defer { facts.broken = [] }
            return facts.broken
        }
        for (rule, query) in Self.rules {
            let rows = try database.rows("\(query) LIMIT 5")
            if !rows.isEmpty { found.append("\(rule): \(rows)") }
        }
        found += try tallies() + devices() + offers() + changes() + uploads()
        let check = try Programs.run("slipway-server", ["check"] + database.checkArguments)
        if check.code != 0 { found.append("check: \(check.words)") }
        return found
    }

    // MARK: What holds by itself

    /// Queries that find nothing while a promise is kept.
    private static let rules = [
        (
            "P4: more leases than a rollout allows",
            """
            SELECT rollout, count(*) FROM offers WHERE outcome = 'open'
            GROUP BY rollout HAVING count(*) > \(LoadPlans.concurrent)
            """
        ),
        (
            "P4: more leases than a site allows",
            """
            SELECT v.value, count(*) FROM offers o JOIN lease_values v ON v.nonce = o.nonce
            WHERE o.outcome = 'open' AND v.name = 'site'
            GROUP BY v.value HAVING count(*) > \(LoadPlans.perSite)
            """
        ),
        (
            "P4: two of a pair have leases",
            """
            SELECT v.value, count(*) FROM offers o JOIN lease_values v ON v.nonce = o.nonce
            WHERE o.outcome = 'open' AND v.name = 'pair' GROUP BY v.value HAVING count(*) > 1
            """
        ),
        (
            "two offers of one device are open",
            """
            SELECT device FROM offers WHERE outcome = 'open' GROUP BY device HAVING count(*) > 1
            """
        ),
        (
            "an offer was made or decided more or less than once",
            """
            SELECT o.nonce, count(m.number), count(d.number) FROM offers o
            LEFT JOIN audit m ON m.device = o.device AND m.action = 'offer-made'
                AND m.subject = 'offer:' || o.nonce
            LEFT JOIN audit d ON d.device = o.device AND d.action = 'offer-decided'
                AND d.subject = 'offer:' || o.nonce
            GROUP BY o.nonce, o.outcome HAVING count(m.number) <> 1
                OR count(d.number) <> CASE WHEN o.outcome = 'open' THEN 0 ELSE 1 END
            """
        ),
        (
            "an attempt was not counted once",
            """
            SELECT a.rollout, a.device, a.tries FROM attempts a WHERE a.tries <>
                (SELECT count(*) FROM offers o WHERE o.device = a.device
                    AND o.rollout = a.rollout AND o.outcome <> 'cancelled')
            """
        ),
        (
            "a device was not added once",
            """
            SELECT d.id FROM devices d WHERE 1 <> (SELECT count(*) FROM audit a
                WHERE a.device = d.id AND a.action = 'device-added')
            """
        ),
        (
            "a device was not retired once",
            """
            SELECT d.id FROM devices d WHERE d.lifecycle = 'retired' AND 1 <>
                (SELECT count(*) FROM audit a WHERE a.device = d.id
                    AND a.action = 'device-changed'
                    AND a.after_json LIKE '%"lifecycle":"retired"%')
            """
        ),
        (
            "a device that was retired has a lease",
            """
            SELECT o.device FROM offers o JOIN devices d ON d.id = o.device
            WHERE d.lifecycle = 'retired' AND o.outcome = 'open'
            """
        ),
        (
            "a rollout changed without a row of its own, or with two",
            """
            SELECT r.name, r.revision FROM rollouts r WHERE r.revision <> (SELECT count(*)
                FROM audit a WHERE a.rollout = r.name
                AND a.action IN ('rollout-started', 'rollout-changed'))
            """
        ),
        (
            "a cohort was saved without a row of its own, or with two",
            """
            SELECT c.name, count(*) FROM cohorts c GROUP BY c.name HAVING count(*) <>
                (SELECT count(*) FROM audit a WHERE a.action = 'cohort-saved'
                    AND a.subject = 'cohort:' || c.name)
            """
        ),
        (
            "an enrolment token let in others than were counted",
            """
            SELECT t.id, t.used FROM enrolment_tokens t WHERE t.used <>
                (SELECT count(*) FROM enrolments e WHERE e.token = t.id)
            """
        ),
        (
            "the log has a gap",
            "SELECT max(number), count(*) FROM audit HAVING max(number) <> count(*)"
        ),
    ]

    private func tallies() throws -> [String] {
        let kept = try database.rows(
            """
            SELECT rollout, wave, standing, sum(devices) FROM attempt_tallies
            GROUP BY rollout, wave, standing HAVING sum(devices) <> 0
            """)
        let counted = try database.rows(
            """
            SELECT rollout, wave, standing, count(*) FROM attempts
            GROUP BY rollout, wave, standing
            """)
        return Set(kept) == Set(counted) ? [] : ["attempts are \(counted), tallied as \(kept)"]
    }

    // MARK: What was acknowledged

    private func devices() throws -> [String] {
        let rows = try database.rows("SELECT id, sequence, lifecycle, held_reason FROM devices")
        let stored = Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0) })
        return load.ledger.with { facts in
            var found = facts.devices.compactMap { id, device -> String? in
                let row = stored[id]
                let sequence = row.flatMap { Int64($0[1]) } ?? 0
                guard (device.acknowledged...device.sent).contains(sequence) else {
                    return "\(id): \(device.acknowledged) was answered, \(device.sent) sent, and"
                        + " \(sequence) is known"
                }
                return device.isRetired && row?[2] != "retired" ? "\(id) was retired" : nil
            }
            found += stored.keys.filter { facts.devices[$0] == nil }.map { "\($0) is nobody's" }
            found += facts.holds.compactMap { id, reason in
                guard facts.devices[id]?.mayBeRetired == false, let row = stored[id],
                    row[3] != reason ?? ""
                else { return nil }
                return "\(id) is held for \(row[3]), not for \(reason ?? "nothing")"
            }
            return found
        }
    }

    private func offers() throws -> [String] {
        let rows = try database.rows("SELECT nonce, device, rollout, outcome FROM offers")
        let stored = Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0) })
        return load.ledger.with { facts in
            facts.offers.compactMap { nonce, offer in
                guard let row = stored[nonce], row[1] == offer.device, row[2] == offer.rollout
                else {
                    return "the offer \(nonce) of \(offer.device) is not there"
                }
                // What an operator ends stays ended, whatever the device says of it later.
                if facts.devices[offer.device]?.mayBeRetired == true, row[3] == "failed" {
                    return nil
                }
                if offer.mayBeCancelled, row[3] == "cancelled" { return nil }
                guard let outcome = offer.outcome, row[3] != outcome else { return nil }
                return "the offer \(nonce) was \(outcome), and is \(row[3])"
            }
        }
    }

    private func changes() throws -> [String] {
        let rollouts = Dictionary(
            uniqueKeysWithValues: try database.rows("SELECT name, state FROM rollouts").map {
                ($0[0], $0[1])
            })
        let cohorts = Dictionary(
            uniqueKeysWithValues: try database.rows(
                "SELECT name, count(*) FROM cohorts GROUP BY name"
            ).map { ($0[0], Int($0[1]) ?? 0) })
        let hooks = try database.rows("SELECT url FROM webhooks").map { $0[0] }
        let releases = Set(
            try database.rows("SELECT DISTINCT release_version FROM images").map { $0[0] })
        return load.ledger.with { facts in
            var found = facts.rollouts.compactMap { name, rollout -> String? in
                guard let state = rollouts[name] else { return "rollout \(name) is not there" }
                return rollout.isAborted && state != "aborted" ? "\(name) was aborted" : nil
            }
            // One may have been saved of which nobody has heard yet.
            let unheard = cohorts.reduce(0) { $0 + $1.value - facts.cohorts[$1.key, default: 0] }
            if !(0...1).contains(unheard) { found.append("\(unheard) cohorts are not known of") }
            found += facts.hooks.compactMap { url, isThere in
                let count = hooks.count { $0 == url }
                // The same for one that is being removed.
                return count > 1 || (isThere && count == 0 && unheardRemovals(hooks, facts) > 1)
                    ? "web hook \(url) is there \(count) times" : nil
            }
            found += facts.releases.subtracting(releases).map { "release \($0) is not there" }
            return found
        }
    }

    private func unheardRemovals(_ hooks: [String], _ facts: Ledger.Facts) -> Int {
        facts.hooks.count { $0.value && !hooks.contains($0.key) }
    }

    /// Complete images are files; what is under way is at least as long as was acknowledged.
    private func uploads() throws -> [String] {
        let staging = site.folder.appending(path: "acme/repository/staging")
        let names = try FileManager.default.contentsOfDirectory(atPath: staging.path)
        return load.ledger.with { facts in
            facts.uploads.compactMap { digest, upload in
                guard upload.offset > 0 else { return nil }
                let whole = names.contains(digest)
                let size = names.first { $0.hasPrefix(whole ? digest : "\(digest)-") }.flatMap {
                    FileStatus(staging.appending(path: $0))?.length
                }
                guard let size, size >= upload.offset, whole || upload.offset < upload.length else {
                    return "upload \(digest) was at \(upload.offset), and is at \(size ?? 0)"
                }
                return nil
            }
        }
    }

    private struct FileStatus {
        let length: Int

        init?(_ file: URL) {
            let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
            guard let length = (attributes?[.size] as? NSNumber)?.intValue else { return nil }
            self.length = length
        }
    }

    // MARK: The log

    /// The log as its readers have it: exported, and checked by `slipway` alone.
    ///
    /// - Parameter kept: A file with a checkpoint of before, which has to be there still.
    func auditProblems(kept: String?) throws -> [String] {
        guard let address = site.address(0) else { return ["no server is up"] }
        let export = site.path("export")
        try? FileManager.default.removeItem(atPath: export)
        let made = try Programs.run(
            "slipway", ["audit", "export", export] + site.commandArguments(address))
        guard made.code == 0 else { return ["export: \(made.words)"] }
        let verdict = try Programs.run(
            "slipway",
            [
                "audit", "verify", export, "--key",
                site.path("acme/repository/metadata/1.root.json"),
            ] + (kept.map { ["--checkpoint", $0] } ?? []))
        return verdict.code == 0 ? [] : ["verify: \(verdict.words)"]
    }
}
