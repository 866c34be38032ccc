internal import Audit
internal import Model
internal import Orchestrator
internal import Stores

/// What must hold at the end: nothing that was acknowledged is lost, every rollout that stands
/// paused says truly why, and the log of changes is whole.
extension FleetSimulation {
    func checkEnd() {
        guard isServerHonest else { return }
        if !isSettled { fail("P2", "FleetCalmsDown", "nothing happens any more") }
        do {
            try checkAnswered()
            try checkOutcomes()
            try checkStarted()
            try checkReasons()
            try checkLogIsComplete()
        } catch { fail("P6", "StoreAnswers", "the store cannot be read: \(error)") }
        checkLog()
    }

    private func checkAnswered() throws {
        for (device, sequence) in books.answered.sorted(by: { $0.key.text < $1.key.text }) {
            let known = try database.number(
                "SELECT sequence FROM devices WHERE id = '\(device)'")
            if known < sequence {
                fail(
                    "P5", "NothingIsLost",
                    "check-in \(sequence) of \(device) was answered, and the store knows \(known)")
            }
        }
    }

    private func checkOutcomes() throws {
        var found: [String: String] = [:]
        for row in try database.rows("SELECT nonce, outcome FROM offers") {
            found[row["nonce"] ?? ""] = row["outcome"]
        }
        for (nonce, outcome) in books.outcomes.sorted(by: { $0.key < $1.key })
        where found[nonce] != outcome {
            fail("P5", "OutcomesStay", "offer \(nonce) was \(outcome) and is \(found[nonce] ?? "")")
        }
    }

    private func checkStarted() throws {
        for rollout in operators.started {
            let count = try database.number(
                "SELECT count(*) FROM rollouts WHERE name = '\(rollout)'")
            if count != 1 {
                fail("P5", "NothingIsLost", "rollout \(rollout) was started, and is gone")
            }
        }
    }

    private func checkReasons() throws {
        let rows = try database.rows(
            "SELECT name, reason, reason_failures FROM rollouts WHERE state = 'paused'")
        for row in rows {
            guard let name = row["name"].flatMap({ RolloutName($0) }), let reason = row["reason"]
            else { continue }
            let failed = try database.number(
                "SELECT count(*) FROM offers WHERE rollout = '\(name)' AND outcome = 'failed'")
            let isTrue =
                reason.contains("operator")
                ? operators.paused.contains(name) || operators.unsure.contains(name)
                : failed > 0
            if !isTrue { fail("P6", "ReasonsAreTrue", "\(name) is paused: \(reason)") }
        }
    }

    /// P6: every change stands in the log.
    private func checkLogIsComplete() throws {
        let pairs = [
            ("offer-made", "SELECT count(*) FROM offers"),
            ("rollout-started", "SELECT count(*) FROM rollouts"),
            ("device-added", "SELECT count(*) FROM devices"),
            ("wave-approved", "SELECT count(*) FROM approvals"),
        ]
        for (action, sql) in pairs {
            let told = try database.number("SELECT count(*) FROM audit WHERE action = '\(action)'")
            let found = try database.number(sql)
            if told != found {
                fail("P6", "LogTellsEverything", "\(told) of \(found) stand in it as \(action)")
            }
        }
        let silent = try database.rows(
            """
            SELECT nonce FROM offers o WHERE outcome <> 'open' AND NOT EXISTS (SELECT 1 FROM audit a
                WHERE a.device = o.device AND a.action = 'offer-decided'
                AND a.subject = 'offer:' || o.nonce)
            """)
        if let nonce = silent.first?["nonce"] {
            fail("P6", "LogTellsEverything", "it does not tell how offer \(nonce) ended")
        }
    }

    /// Reads the log as somebody does who trusts nothing but the key that signs it.
    private func checkLog() {
        guard broken == nil, let server = servers.first(where: \.isUp) else { return }
        let cryptography = cryptography
        let keys = keeper.offerKeys.map(\.publicKey)
        let result = ask(server, "reading the log", isDisturbed: false) { orchestrator in
            let checkpoint = try await orchestrator.signAudit()
            var rows = 0
            do {
                var verifier = try AuditVerifier(
                    trusting: .keys(keys), kept: [checkpoint], cryptography: cryptography)
                var last: Int64 = 0
                while true {
                    let page = try await orchestrator.auditPage(.all, after: last, limit: 500)
                    guard let newest = page.rows.last else { break }
                    for line in page.exportLines { try verifier.take(line: line) }
                    last = newest.number
                    rows += page.rows.count
                }
                return try verifier.finish().rows == rows ? nil : "rows were not counted"
            } catch let finding as AuditFinding { return "\(finding)" as String? }
        }
        switch result {
        case .success(nil): return
        case .success(let problem?): fail("P6", "LogVerifies", problem)
        case .failure(let trouble): fail("P6", "LogVerifies", "the log cannot be read: \(trouble)")
        }
    }
}
