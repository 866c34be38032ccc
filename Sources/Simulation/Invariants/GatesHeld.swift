internal import Model
internal import Stores

/// P3: a wave is followed by the next when its gate held, from counts and a formula of our own.
extension FleetSimulation {
    /// - Parameter knownOffers: The newest offer from before what is looked at now.
    func checkStates(knownOffers: Int64) throws {
        let rows = try database.rows(
            "SELECT number, rollout, at_s, state, wave, since_s FROM rollout_history"
                + " WHERE number > \(books.lastState) ORDER BY number")
        for row in rows.compactMap({ StateRow($0) }) {
            books.lastState = row.number
            note(
                "server",
                "\(row.rollout) is \(row.state)" + (row.wave.map { " in wave \($0 + 1)" } ?? ""))
            let before = books.states.updateValue(row, forKey: row.rollout)
            if row.state == "running" { wakeServers() }
            guard let before, before.state == "running", let wave = before.wave else { continue }
            let isNext = row.state == "running" && row.wave != before.wave
            guard isNext || row.state == "completed" else { continue }
            guard row.state == "completed" || row.wave == wave + 1 else {
                return fail("P3", "WavesFollowEachOther", "\(row.rollout) skips a wave")
            }
            try checkGate(of: before, wave, at: row.at, knownOffers: knownOffers)
        }
    }

    private func checkGate(
        of before: StateRow, _ wave: Int, at now: Int64, knownOffers: Int64
    ) throws {
        guard let file = try file(of: before.rollout), file.waves.indices.contains(wave) else {
            return
        }
        func closed(_ problem: String) {
            fail("P3", "GatesHeld", "wave \(wave + 1) of \(before.rollout) is over, and \(problem)")
        }
        let soak = file.waves[wave].soak.map(Self.seconds) ?? 0
        if let since = before.since, now - since < soak {
            closed("it was open for \(now - since) s of \(soak) s")
        }
        let outside =
            "rollout = '\(before.rollout)' AND device NOT IN (SELECT a.device FROM attributes a"
            + " JOIN paused_strata p ON p.name = a.name AND p.value = a.value"
            + " WHERE p.rollout = '\(before.rollout)' AND p.lifted_s IS NULL)"
        let undecided = try database.number(
            "SELECT count(*) FROM offers WHERE outcome = 'open' AND number <= \(knownOffers)"
                + " AND \(outside)")
        if undecided > 0 { closed("\(undecided) devices are undecided") }
        let proven = try database.number(
            "SELECT count(*) FROM attempts WHERE standing = 'proven' AND \(outside)")
        let reached = try database.number(
            "SELECT device_count FROM waves WHERE rollout = '\(before.rollout)'"
                + " AND number = \(wave)")
        let needed = file.gate.minConfirmed.map { Int64($0) } ?? min(20, reached / 2 + 1)
        if proven < needed { closed("only \(proven) are proven, of \(needed)") }
        let counted = try database.number(
            "SELECT count(*) FROM attempts WHERE standing = 'proven' AND tries > forgiven_try"
                + " AND \(outside)")
        let failed = try database.number(
            "SELECT count(*) FROM attempts WHERE standing <> 'proven' AND failure_try > 0"
                + " AND failure_try > forgiven_try AND counts_from_s <= \(now) AND \(outside)")
        if Self.isHarm(failed, of: counted + failed, file.gate) {
            closed("\(failed) of \(counted + failed) failed")
        }
        try checkApproval(of: before, wave, file, closed)
    }

    private func checkApproval(
        of before: StateRow, _ wave: Int, _ file: RolloutFile, _ closed: (String) -> Void
    ) throws {
        guard file.waves[wave].approval == "required" else { return }
        let approvals = try database.number(
            """
            SELECT count(*) FROM approvals a JOIN rollouts r ON r.name = a.rollout
            WHERE a.rollout = '\(before.rollout)' AND a.wave = \(wave)
                AND a.since_s = \(before.since ?? 0) AND a.operator <> r.author
            """)
        if approvals == 0 { closed("nobody has approved") }
    }

    /// The evidence of harm as the design has it (section 7), term by term.
    private static func isHarm(_ failed: Int64, of decided: Int64, _ gate: RolloutFile.Gate) -> Bool
    {
        let allowed = percent(gate.maxFailureRate ?? "2%")
        let confidence = percent(gate.confidence ?? "95%")
        let count = 32
        var sum = 0.0
        for step in 0..<count {
            // Spread by their logarithms from the allowed rate to certainty, at the middle of each.
            let rate = power(allowed, 1 - (Double(step) + 0.5) / Double(count))
            sum +=
                wholePower(rate / allowed, failed)
                * wholePower((1 - rate) / (1 - allowed), decided - failed)
        }
        // Our places are not the product's: only what is beyond doubt counts.
        return sum / Double(count) > 2 / (1 - confidence)
    }

    private static func wholePower(_ base: Double, _ exponent: Int64) -> Double {
        (0..<max(0, exponent)).reduce(1.0) { product, _ in product * base }
    }

    /// `base` to a power between 0 and 1, in 1/1024: square roots are all that it takes.
    private static func power(_ base: Double, _ exponent: Double) -> Double {
        var (root, rest, product) = (base, exponent, 1.0)
        for _ in 0..<40 {
            root = root.squareRoot()
            rest *= 2
            if rest >= 1 {
                product *= root
                rest -= 1
            }
        }
        return product
    }

    private static func percent(_ text: String) -> Double {
        (Double(text.dropLast()) ?? 0) / 100
    }

    /// Of texts such as `20m`.
    static func seconds(_ text: String) -> Int64 {
        let number = Int64(text.dropLast()) ?? 0
        switch text.last {
        case "s": return number
        case "m": return number * 60
        case "h": return number * 3600
        case "d": return number * 86_400
        default: return 0
        }
    }
}
