internal import Model
internal import Stores

/// P2: an offer is proven when its device really booted the image and was healthy; it fails when
/// the device says so, or when nothing was heard of it until its deadline.
extension FleetSimulation {
    func checkDecisions() throws {
        guard !books.open.isEmpty else { return }
        let nonces = books.open.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
        for row in try database.rows(
            "SELECT * FROM offers WHERE nonce IN (\(nonces)) ORDER BY number")
        {
            guard let offer = OfferRow(row), offer.outcome != "open" else { continue }
            books.open[offer.nonce] = nil
            books.outcomes[offer.nonce] = offer.outcome
            checkDecision(offer)
        }
    }

    func checkDecision(_ offer: OfferRow) {
        guard let device = device(offer.device) else {
            return fail("P2", "DecisionsAreTrue", "an offer for \(offer.device), which is nobody")
        }
        note(
            "server",
            "counts \(offer.rollout) on \(offer.device) as \(offer.outcome)"
                + (offer.failure.map { ": \($0)" } ?? ""))
        switch offer.outcome {
        case "proven":
            books.provenCount += 1
            let digest = Digest(hex: offer.sha256)
            guard digest.map({ device.witness.healthy[$0] != nil }) ?? false else {
                return fail(
                    "P2", "ProvenIsTrue",
                    "offer \(offer.nonce) counts as proven, and \(device.id) was never healthy with"
                        + " the image", [device])
            }
        case "failed" where offer.failure == "overdue":
            let isRetired = operators.retired.contains(device.id)
            guard isRetired || offer.expires <= clock.now.secondsSinceEpoch else {
                return fail(
                    "P2", "SilenceHasADeadline",
                    "offer \(offer.nonce) is overdue before its lease ended", [device])
            }
        case "failed":
            let told = books.toldFailures[offer.nonce] ?? []
            guard offer.failure.map({ told.contains($0) }) ?? false else {
                return fail(
                    "P2", "FailuresWereTold",
                    "offer \(offer.nonce) failed (\(offer.failure ?? "")), and \(device.id) never"
                        + " said so", [device])
            }
        default: break
        }
    }
}
