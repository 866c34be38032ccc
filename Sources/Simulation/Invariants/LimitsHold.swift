internal import Model
internal import Stores

/// P4: caps, shares of sites and pairs are never exceeded; P3: nobody is offered anything in a wave
/// that is not open.
extension FleetSimulation {
    func checkNewOffers() throws {
        let rows = try database.rows(
            "SELECT * FROM offers WHERE number > \(books.lastOffer) ORDER BY number")
        for offer in rows.compactMap({ OfferRow($0) }) {
            books.lastOffer = offer.number
            books.offersMade += 1
            note(
                "server", "offers \(offer.rollout) to \(offer.device), in wave \(offer.wave + 1)")
            if offer.outcome == "open" {
                books.open[offer.nonce] = offer
                wakeServers()
            } else {
                books.outcomes[offer.nonce] = offer.outcome
                checkDecision(offer)
            }
            try checkPlace(of: offer)
        }
    }

    private func checkPlace(of offer: OfferRow) throws {
        guard let file = try file(of: offer.rollout), let device = device(offer.device) else {
            return fail("P3", "OffersHaveARollout", "\(offer.rollout) is no rollout")
        }
        try checkCap(of: offer, file)
        try checkShares(of: offer, file, device)
        try checkPairs(of: offer, file, device)
        checkWindow(of: offer, file, device)
        let states = try database.rows(
            "SELECT state, wave FROM rollouts WHERE name = '\(offer.rollout)'")
        guard let state = states.first?["state"], ["running", "completed"].contains(state) else {
            return fail(
                "P3", "StoppedMeansStopped",
                "\(device.id) is offered \(offer.rollout), which is \(states.first?["state"] ?? "")",
                [device])
        }
        if state == "running", let wave = states.first?["wave"].flatMap({ Int($0) }),
            offer.wave > wave
        {
            fail(
                "P3", "WavesAreOpen",
                "\(device.id) is offered \(offer.rollout) in wave \(offer.wave + 1), and wave"
                    + " \(wave + 1) is open", [device])
        }
        guard operators.retired.contains(device.id) == false else {
            return fail("P3", "RetiredGetNothing", "\(device.id) is retired", [device])
        }
    }

    private func checkCap(of offer: OfferRow, _ file: RolloutFile) throws {
        let open = try database.number(
            "SELECT count(*) FROM offers WHERE outcome = 'open' AND rollout = '\(offer.rollout)'")
        if let cap = file.limits.concurrent, open > Int64(cap) {
            fail("P4", "CapHolds", "\(open) leases of \(offer.rollout) are open, of \(cap)")
        }
    }

    private func checkShares(
        of offer: OfferRow, _ file: RolloutFile, _ device: SimulatedDevice
    ) throws {
        for (attribute, share) in file.limits.per.sorted(by: { $0.key < $1.key }) {
            guard let value = device.attributes[attribute] else { continue }
            // Who was retired a moment ago counted when the place was taken.
            let members = try database.number(
                """
                SELECT count(*) FROM devices d WHERE EXISTS (SELECT 1 FROM attributes a
                    WHERE a.device = d.id AND a.name = '\(attribute)' AND a.value = '\(value)')
                """)
            let taken = try database.number(
                """
                SELECT count(*) FROM offers o JOIN lease_values v ON v.nonce = o.nonce
                WHERE o.outcome = 'open' AND v.name = '\(attribute)' AND v.value = '\(value)'
                """)
            let places =
                share.hasSuffix("%")
                ? max(1, members * (Int64(share.dropLast()) ?? 0) / 100) : Int64(share) ?? 0
            if taken > places {
                fail(
                    "P4", "SharesHold",
                    "\(taken) of \(places) places of \(attribute) \(value) are taken", [device])
            }
        }
    }

    private func checkPairs(
        of offer: OfferRow, _ file: RolloutFile, _ device: SimulatedDevice
    ) throws {
        for attribute in file.limits.neverTogether {
            guard let value = device.attributes[attribute] else { continue }
            let holders = try database.rows(
                """
                SELECT o.device AS device FROM offers o JOIN lease_values v ON v.nonce = o.nonce
                WHERE o.outcome = 'open' AND v.name = '\(attribute)' AND v.value = '\(value)'
                """)
            if holders.count > 1 {
                fail(
                    "P4", "PairsStayApart",
                    "\(holders.compactMap { $0["device"] }.sorted()) share \(attribute) \(value)",
                    [device])
            }
        }
    }

    private func checkWindow(of offer: OfferRow, _ file: RolloutFile, _ device: SimulatedDevice) {
        guard let window = file.limits.window else { return }
        let zone = window.zone == "device" ? device.attributes["timezone"] : window.zone
        guard let hours = zone.flatMap({ FixedZones.hours[$0] }) else { return }
        let minute = (offer.issued + Int64(hours) * 3600) % 86_400 / 60
        let (from, to) = (Self.minutes(window.from), Self.minutes(window.to))
        let isOpen = from < to ? (from..<to).contains(minute) : minute >= from || minute < to
        if !isOpen {
            fail("P4", "WindowsHold", "\(device.id) got a lease outside of the window", [device])
        }
    }

    private static func minutes(_ text: String) -> Int64 {
        let parts = text.split(separator: ":").compactMap { Int64($0) }
        return parts.count == 2 ? parts[0] * 60 + parts[1] : 0
    }
}
