internal import Model
internal import Orchestrator

/// Devices that left before they were done, and how many they are.
extension SQLTransaction {
    private static let selectTallies =
        "SELECT wave, devices FROM leaver_tallies WHERE rollout = ? AND devices > 0"
    private static let countProven = """
        SELECT count(*) FROM attempts a JOIN devices d ON d.id = a.device
            WHERE a.rollout = ? AND a.standing = 'proven' AND d.lifecycle = 'active'
        """
    private static let insertLeaver = """
        INSERT INTO leavers (rollout, device, wave) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
        """
    private static let addToTally =
        "UPDATE leaver_tallies SET devices = devices + ? WHERE rollout = ? AND wave = ?"
    private static let beginTally =
        "INSERT INTO leaver_tallies (rollout, wave, devices) VALUES (?, ?, ?)"

    func leavers(of rollout: RolloutName) throws -> [Int: Int] {
        Dictionary(
            try rows(Self.selectTallies, [rollout.text]).map { ($0["wave"], $0["devices"]) },
            uniquingKeysWith: +)
    }

    func remainingProvenCount(in rollout: RolloutName) throws -> Int {
        try count(Self.countProven, [rollout.text])
    }

    func addLeaver(_ device: DeviceID, from wave: Int, of rollout: RolloutName) throws {
        guard try execute(Self.insertLeaver, [rollout.text, device.text, wave]) > 0 else { return }
        try addLeavers(1, rollout.text, wave)
    }

    func removeLeaver(_ device: DeviceID) throws {
        for row in try rows("SELECT rollout, wave FROM leavers WHERE device = ?", [device.text]) {
            try addLeavers(-1, row["rollout"], row["wave"])
        }
        try execute("DELETE FROM leavers WHERE device = ?", [device.text])
    }

    private func addLeavers(_ devices: Int, _ rollout: String, _ wave: Int) throws {
        guard try execute(Self.addToTally, [devices, rollout, wave]) == 0 else { return }
        try execute(Self.beginTally, [rollout, wave, devices])
    }
}
