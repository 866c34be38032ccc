internal import Model
internal import Stores
internal import Wire

/// What must hold after every event.
extension FleetSimulation {
    /// Whether anything but what the offline keys promise is judged.
    var isServerHonest: Bool { !faults.contains(.thief) }

    func checkInvariants() {
        guard broken == nil, isServerHonest else { return }
        do {
            let newest = try database.number("SELECT max(number) FROM audit")
            guard newest > books.lastRow else { return }
            let actions = try database.rows(
                "SELECT action FROM audit WHERE number > \(books.lastRow)"
            ).compactMap { $0["action"] }
            books.lastRow = newest
            let known = books.lastOffer
            if actions.contains("offer-decided") { try checkDecisions() }
            if actions.contains("offer-made") { try checkNewOffers() }
            if actions.contains("rollout-changed") || actions.contains("rollout-started") {
                try checkStates(knownOffers: known)
            }
        } catch { fail("P6", "StoreAnswers", "the store cannot be read: \(error)") }
    }

    func device(_ id: String) -> SimulatedDevice? {
        guard id.hasPrefix("dev-"), let number = Int(id.dropFirst(4)),
            devices.indices.contains(number - 1)
        else { return nil }
        return devices[number - 1]
    }

    /// The file of a rollout as the server keeps it.
    func file(of rollout: String) throws -> RolloutFile? {
        if let known = books.files[rollout] { return known }
        let rows = try database.rows("SELECT file_json FROM rollouts WHERE name = '\(rollout)'")
        guard let text = rows.first?["file_json"] else { return nil }
        let file = try RolloutFile(parsing: Array(text.utf8), limitBytes: 1_000_000)
        books.files[rollout] = file
        return file
    }
}
