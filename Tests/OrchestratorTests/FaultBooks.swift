import Foundation
import Model
import Orchestrator
import Rollouts
import Wire

/// Looks into the database with SQL of its own after each event, and remembers what was there.
final class FaultBooks {
    private(set) var shell: SQLiteShell
    /// Of each offer, what its device said in the check-in that it answered.
    var origins: [String: FaultEvent.SaidByDevice] = [:]
    /// How each offer that is decided was decided: that never changes.
    private var outcomes: [String: String] = [:]
    private var open: [String: OfferRow] = [:]
    private var lastOffer = 0
    private var lastState = 0
    private var states: [String: StateRow] = [:]
    private var forgiven = 0
    private var fingerprint = ""
    /// The newest check-in of each device that was answered.
    private var answered: [DeviceID: Int64] = [:]
    var memory = FaultMemory()

    /// What the file is a copy of, where the servers' database is another one.
    private let mirror: PostgresMirror?

    init(_ path: String, mirror: PostgresMirror? = nil) throws {
        self.mirror = mirror
        shell = try SQLiteShell(path)
    }

    /// Of everything in the database, as it is now.
    func newFingerprint() throws -> String {
        try mirror?.refresh()
        return try shell.fingerprint()
    }

    func open(_ path: String) throws { shell = try SQLiteShell(path) }

    func clockMoved(to now: Instant) { memory.clockMoved(to: now) }

    /// - Throws: ``BrokenPromise`` for the first that was not kept.
    func check(_ event: FaultEvent) throws {
        try checkEffect(of: event)
        try checkWhatHoldsAlways()
        let news = try offers("number > \(lastOffer) ORDER BY number")
        try checkDecisions(after: event)
        let opened = try checkNewOffers(news, event)
        try checkStates(after: event, beside: opened)
        try checkForgiveness(after: event)
        try checkAnswer(to: event)
        try memory.remember(event, opened: opened.map(\.rollout), in: self)
    }

    // MARK: What always holds

    private func checkWhatHoldsAlways() throws {
        struct Row: Decodable { let what: String }
        for (promise, query) in Self.violations {
            let rows: [Row] = try shell.rows(query)
            guard rows.isEmpty else {
                throw BrokenPromise("\(promise): \(rows.map(\.what).joined(separator: ", "))")
            }
        }
    }

    /// Queries that find nobody while a promise is kept.
    private static let violations = [
        (
            "P4: more open leases than `concurrent` allows",
            """
            SELECT rollout || ' ' || count(*) AS what FROM offers o WHERE outcome = 'open'
            GROUP BY rollout HAVING count(*) > (SELECT json_extract(file_json, '$.limits.concurrent')
                FROM rollouts WHERE name = o.rollout)
            """
        ),
        (
            "P4: two of one pair hold leases",
            """
            SELECT group_concat(o.device) AS what FROM offers o JOIN lease_values v
                ON v.nonce = o.nonce WHERE o.outcome = 'open' AND v.name = 'pair'
            GROUP BY v.value HAVING count(*) > 1
            """
        ),
        (
            "one device holds two leases",
            "SELECT device AS what FROM offers WHERE outcome = 'open' GROUP BY 1 HAVING count(*) > 1"
        ),
        (
            "an offer is decided and open",
            "SELECT nonce AS what FROM offers WHERE (outcome = 'open') <> (decided_s IS NULL)"
        ),
        (
            "values are kept of a lease that is over, or not of one that is open",
            """
            SELECT nonce AS what FROM offers o WHERE (outcome = 'open')
                <> EXISTS (SELECT 1 FROM lease_values v WHERE v.nonce = o.nonce)
            """
        ), ("attempts and offers disagree", attemptsThatOffersDoNotExplain),
        ("attempts and their tallies disagree", talliesThatAttemptsDoNotExplain),
        ("attempts and the tallies of strata disagree", strataThatAttemptsDoNotExplain),
    ]

    private static let talliesThatAttemptsDoNotExplain = """
        WITH found AS (SELECT rollout, wave, standing, failure_class, counts, is_news,
                failure_is_news, devices FROM attempt_tallies WHERE devices <> 0),
        expected AS (SELECT rollout, wave, standing, ifnull(failure_class, ''),
                standing <> 'proven' AND failure_try > 0 AND counts_from_s IS NOT NULL,
                tries > forgiven_try, failure_try > forgiven_try, count(*)
            FROM attempts GROUP BY 1, 2, 3, 4, 5, 6, 7)
        SELECT rollout || ' ' || standing AS what FROM (SELECT * FROM expected EXCEPT
            SELECT * FROM found)
        UNION SELECT rollout || ' ' || standing FROM (SELECT * FROM found EXCEPT
            SELECT * FROM expected)
        """

    private static let strataThatAttemptsDoNotExplain = """
        WITH found AS (SELECT rollout, name, value, word, devices FROM stratum_tallies
            WHERE devices <> 0),
        words AS (SELECT rollout, device,
                CASE WHEN standing = 'proven' AND tries > forgiven_try THEN 'proven'
                    WHEN standing <> 'proven' AND counts_from_s IS NOT NULL
                        AND failure_try > forgiven_try THEN failure_class ELSE '' END AS word
            FROM attempts),
        expected AS (SELECT v.rollout, v.name, v.value, w.word, count(*) FROM attempt_values v
            JOIN words w ON w.rollout = v.rollout AND w.device = v.device
            GROUP BY 1, 2, 3, 4)
        SELECT rollout || ' ' || value AS what FROM (SELECT * FROM expected EXCEPT
            SELECT * FROM found)
        UNION SELECT rollout || ' ' || value FROM (SELECT * FROM found EXCEPT
            SELECT * FROM expected)
        """

    private static let attemptsThatOffersDoNotExplain = """
        WITH kept AS (SELECT *,
                row_number() OVER (PARTITION BY rollout, device ORDER BY number) AS try,
                count(*) OVER (PARTITION BY rollout, device) AS tries
            FROM offers WHERE outcome <> 'cancelled'),
        failed AS (SELECT rollout, device, max(try) AS try, failure_class, decided_s
            FROM kept WHERE outcome = 'failed' GROUP BY rollout, device),
        expected AS (SELECT k.rollout, k.device, k.outcome, k.tries, ifnull(f.try, 0),
                f.failure_class, f.decided_s
            FROM kept k LEFT JOIN failed f ON f.rollout = k.rollout AND f.device = k.device
            WHERE k.try = k.tries),
        found AS (SELECT rollout, device, standing, tries, failure_try, failure_class, failed_s
            FROM attempts)
        SELECT rollout || ' ' || device AS what FROM (SELECT * FROM expected EXCEPT
            SELECT * FROM found)
        UNION SELECT rollout || ' ' || device FROM (SELECT * FROM found EXCEPT
            SELECT * FROM expected)
        """

    private func checkEffect(of event: FaultEvent) throws {
        let now = try newFingerprint()
        defer { fingerprint = now }
        guard !event.isWithoutEffect || now == fingerprint || fingerprint.isEmpty else {
            throw BrokenPromise("what was refused has changed something")
        }
    }

    // MARK: Offers

    private func offers(_ condition: String) throws -> [OfferRow] {
        try shell.rows("SELECT * FROM offers WHERE \(condition)")
    }

    /// What has become of the leases that were open (promise P2).
    private func checkDecisions(after event: FaultEvent) throws {
        let nonces = open.keys.map { "'\($0)'" }.joined(separator: ", ")
        for offer in try offers("nonce IN (\(nonces))") {
            guard let before = open[offer.nonce] else { continue }
            if offer.outcome == "open" {
                open[offer.nonce] = offer
            } else {
                open[offer.nonce] = nil
                outcomes[offer.nonce] = offer.outcome
                try check(offer, decidedAfter: before, by: event)
            }
        }
        let over = open.values.filter { $0.expires_s <= event.at.secondsSinceEpoch }
        guard !event.endsLeases || over.isEmpty else {
            throw BrokenPromise("P2: silence past its deadline is no failure: \(over)")
        }
    }

    private func check(
        _ offer: OfferRow, decidedAfter before: OfferRow, by event: FaultEvent
    ) throws {
        let said = event.checkIn.flatMap { $0.device.text == offer.device ? $0 : nil }
        let isOver = before.expires_s <= event.at.secondsSinceEpoch
        let isRight: Bool
        switch offer.outcome {
        case "proven": isRight = !isOver && said.map { proves(offer, $0) } ?? false
        case "failed":
            // Silent for too long, or retired by an operator in the middle of it.
            let isOverdue = isOver || event.changed?.text == offer.device
            isRight =
                said.map { fails(offer, $0) } ?? false
                || isOverdue && offer.failure_class == "overdue"
        case "cancelled":
            isRight = event.changed?.text == offer.device || said.map(mayBeTakenBack) ?? false
        default: isRight = false
        }
        guard isRight, offer.decided_s == event.at.secondsSinceEpoch else {
            throw BrokenPromise("P2: \(offer.outcome) for no reason: \(offer), expected \(before)")
        }
    }

    private func fails(_ offer: OfferRow, _ said: FaultEvent.SaidByDevice) -> Bool {
        guard case .failed(let nonce, let failure) = said.phase else { return false }
        return nonce.text == offer.nonce && failure.kind.rawValue == offer.failure_class
    }

    private func proves(_ offer: OfferRow, _ said: FaultEvent.SaidByDevice) -> Bool {
        said.boot.isConfirmed && said.boot.sha256?.hex == offer.sha256
            && said.boot.bootID != origins[offer.nonce]?.boot.bootID
    }

    private func mayBeTakenBack(_ said: FaultEvent.SaidByDevice) -> Bool {
        switch said.phase {
        case .idle, .downloading, .waiting, .failed: true
        // About another offer, which is none.
        case .installed(let nonce), .trial(let nonce), .proven(let nonce):
            nonce.text == "nobody-made-this" || outcomes[nonce.text] != "cancelled"
        }
    }

    /// At most one offer comes of an event, to the device that checked in.
    private func checkNewOffers(_ news: [OfferRow], _ event: FaultEvent) throws -> OfferRow? {
        guard let offer = news.first else { return nil }
        lastOffer = offer.number
        guard news.count == 1, let said = event.checkIn, said.device.text == offer.device else {
            throw BrokenPromise("offers that nobody asked for: \(news)")
        }
        guard offer.boot_id == said.boot.bootID.text else {
            throw BrokenPromise("P2: the boot of the offer is not the device's: \(offer)")
        }
        let values: [ValueRow] = try shell.rows(
            "SELECT name, value FROM lease_values WHERE nonce = '\(offer.nonce)'")
        guard
            Dictionary(uniqueKeysWithValues: values.map { ($0.name, $0.value) })
                == said.attributes.values
        else { throw BrokenPromise("P4: the lease counts by other values: \(offer)") }
        origins[offer.nonce] = said
        if offer.outcome == "open" {
            try checkLimits(of: offer, said, beside: open.values.map { $0 })
            open[offer.nonce] = offer
        }
        return offer
    }

    // MARK: Rollouts

    private func checkStates(after event: FaultEvent, beside opened: OfferRow?) throws {
        let rows: [StateRow] = try shell.rows(
            "SELECT number, rollout, at_s, state, wave, since_s FROM rollout_history"
                + " WHERE number > \(lastState) ORDER BY number")
        for row in rows {
            lastState = row.number
            let before = states.updateValue(row, forKey: row.rollout)
            guard let before, before.state == "running" else { continue }
            let passed = row.state == "running" && row.wave != before.wave
            guard passed || row.state == "completed" else { continue }
            guard row.state == "completed" || row.wave == (before.wave ?? -9) + 1 else {
                throw BrokenPromise("a wave was skipped: \(before), \(row)")
            }
            try checkGate(of: before, at: row.at_s, beside: opened)
        }
    }

    private func checkForgiveness(after event: FaultEvent) throws {
        let now = try shell.number("SELECT sum(forgiven_try) FROM attempts")
        guard now <= forgiven || event.mayForgive else {
            throw BrokenPromise("P3: failures count no more, and nobody asked for it")
        }
        forgiven = now
    }

    func pausedStrata(of rollout: RolloutName) throws -> [ValueRow] {
        try shell.rows(
            "SELECT name, value FROM paused_strata WHERE rollout = '\(rollout)'"
                + " AND lifted_s IS NULL")
    }

    // MARK: Answers

    /// What a device was told is what stands in the books.
    private func checkAnswer(to event: FaultEvent) throws {
        guard let said = event.checkIn, let directive = event.directive else { return }
        answered[said.device] = said.sequence
        let device = said.device
        let sequence = try shell.number("SELECT sequence FROM devices WHERE id = '\(device)'")
        guard sequence == said.sequence else {
            throw BrokenPromise("check-in \(said.sequence) of \(device) is lost")
        }
        let held = open.values.first { $0.device == device.text }
        if let offer = directive.offer {
            guard held?.nonce == offer.nonce.text, held?.rollout == offer.rollout.text,
                held?.expires_s == offer.expires.secondsSinceEpoch
            else { throw BrokenPromise("an offer that is not in the books: \(offer)") }
        }
        guard let held, proves(held, said) else { return }
        if case .failed = said.phase { return }
        guard directive.offer?.nonce.text == held.nonce else {
            throw BrokenPromise("P2: a proof does not count: \(held)")
        }
        throw BrokenPromise("P2: a proof is answered by the same offer: \(held)")
    }

    /// What was acknowledged is there still.
    func checkNothingIsLost() throws {
        let rows = try offers("outcome <> 'open'")
        let found = Dictionary(uniqueKeysWithValues: rows.map { ($0.nonce, $0.outcome) })
        guard outcomes.allSatisfy({ found[$0.key] == $0.value }) else {
            throw BrokenPromise("an outcome has changed or is lost")
        }
        for (device, sequence) in answered {
            let found = try shell.number("SELECT sequence FROM devices WHERE id = '\(device)'")
            guard found >= sequence else {
                throw BrokenPromise("check-in \(sequence) of \(device) is lost")
            }
        }
    }
}

/// An offer as it is stored.
struct OfferRow: Decodable {
    let number: Int
    let nonce: String
    let device: String
    let rollout: String
    let wave: Int
    let sha256: String
    let length_bytes: Int
    let boot_id: String
    let issued_s: Int64
    let expires_s: Int64
    let outcome: String
    let failure_class: String?
    let decided_s: Int64?
}

struct ValueRow: Decodable {
    let name: String
    let value: String
}

struct StateRow: Decodable {
    let number: Int
    let rollout: String
    let at_s: Int64
    let state: String
    let wave: Int?
    let since_s: Int64?
}
