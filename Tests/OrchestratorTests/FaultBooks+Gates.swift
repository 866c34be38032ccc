import Model
import Rollouts
import TestSupport
import Wire

/// Promise P3, from counts of our own.
extension FaultBooks {
    private struct AttemptRow: Decodable {
        let device: String
        let wave: Int
        let standing: String
        let tries: Int
        let failure_try: Int
        let forgiven_try: Int
        let failure_class: String?
        let counts_from_s: Int64?

        var isProofThatCounts: Bool { standing == "proven" && tries > forgiven_try }

        func hasFailed(at now: Int64) -> Bool {
            standing != "proven" && failure_try > 0 && (counts_from_s.map { $0 <= now } ?? false)
        }
    }

    /// The wave that `before` was in has been followed by another, or was the last.
    ///
    /// - Parameter opened: An offer of the same event, which came after that.
    func checkGate(of before: StateRow, at now: Int64, beside opened: OfferRow?) throws {
        let (_, spec) = try spec(of: before.rollout)
        let wave = must(before.wave)
        let attempts = try attempts(of: before.rollout)
        let ours = attempts.filter { opened?.device != $0.device }
        // What the device of that offer had made of the rollout is written over.
        let own = attempts.first { opened?.device == $0.device }
        guard own.map({ $0.tries == 1 }) ?? true else { return }
        var failures: [FailureClass: Int] = [:]
        for attempt in ours
        where attempt.hasFailed(at: now) && attempt.failure_try > attempt.forgiven_try {
            let kind = must(attempt.failure_class.flatMap { FailureClass(rawValue: $0) })
            failures[kind, default: 0] += 1
        }
        let undecided = ours.count {
            $0.standing == "open" || ($0.standing == "failed" && !$0.hasFailed(at: now))
        }
        let evidence = WaveEvidence(
            proven: ours.count(where: \.isProofThatCounts), failures: FailureCounts(failures),
            provenInWave: ours.count { $0.standing == "proven" && $0.wave <= wave },
            undecided: undecided)
        // At least: some of those that left were never counted.
        let reached = try shell.number(
            """
            SELECT w.device_count - (SELECT count(*) FROM devices d
                WHERE d.lifecycle = 'retired' AND d.enrolled_s <= r.created_s AND NOT EXISTS
                    (SELECT 1 FROM attempts a WHERE a.rollout = r.name AND a.device = d.id
                        AND a.standing = 'proven'))
            FROM waves w JOIN rollouts r ON r.name = w.rollout
            WHERE r.name = '\(before.rollout)' AND w.number = \(wave)
            """)
        let verdict = spec.gate.verdict(
            evidence, now: Instant(secondsSinceEpoch: now),
            waveOpened: Instant(secondsSinceEpoch: must(before.since_s)),
            soak: spec.waves[wave].soak, reached: max(0, reached))
        guard verdict == .promote else {
            throw BrokenPromise(
                "P3: wave \(wave + 1) of \(before.rollout) is over, but \(verdict): \(evidence)")
        }
        guard try !spec.waves[wave].needsApproval || isApproved(before) else {
            throw BrokenPromise("P3: wave \(wave + 1) of \(before.rollout) was not approved")
        }
        try checkCanaries(of: before, wave, attempts.map(\.device), spec, at: now)
    }

    private func attempts(of rollout: String) throws -> [AttemptRow] {
        try shell.rows(
            """
            SELECT * FROM attempts WHERE rollout = '\(rollout)' AND device NOT IN
                (SELECT a.device FROM attributes a JOIN paused_strata p ON p.name = a.name
                    AND p.value = a.value WHERE p.rollout = '\(rollout)' AND p.lifted_s IS NULL)
            """)
    }

    private func isApproved(_ state: StateRow) throws -> Bool {
        try shell.number(
            """
            SELECT count(*) FROM approvals a JOIN rollouts r ON r.name = a.rollout
            WHERE a.rollout = '\(state.rollout)' AND a.wave = \(must(state.wave))
                AND a.since_s = \(must(state.since_s)) AND a.operator <> r.author
            """) > 0
    }

    /// No canary that is alive was passed over while no other rollout has a say.
    private func checkCanaries(
        of state: StateRow, _ wave: Int, _ tried: [String], _ spec: RolloutSpec, at now: Int64
    ) throws {
        struct Row: Decodable { let id: String }
        guard wave == 0, try shell.number("SELECT count(*) FROM rollouts") == 1 else { return }
        let alive: [Row] = try shell.rows(
            """
            SELECT id FROM devices d WHERE lifecycle = 'active' AND held_reason IS NULL
                AND quarantined_s IS NULL AND pin_name IS NULL
                AND last_seen_s + \(spec.gate.overdueAfter.components.seconds) > \(now)
                AND release_version < '\(spec.release.version)'
                AND NOT EXISTS (SELECT 1 FROM attributes a WHERE a.device = d.id
                    AND (a.name = 'tags' OR EXISTS (SELECT 1 FROM paused_strata p
                        WHERE p.name = a.name AND p.value = a.value)))
                AND instr((SELECT ',' || listed || ',' FROM waves WHERE number = 0
                    AND rollout = '\(state.rollout)'), ',' || id || ',') > 0
            """)
        let passed = Set(alive.map(\.id)).subtracting(tried)
        guard passed.isEmpty else {
            throw BrokenPromise("P3: \(passed.sorted()) were not tried, and the wave is over")
        }
    }
}
