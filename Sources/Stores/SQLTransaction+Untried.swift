internal import Model
internal import Orchestrator

extension SQLTransaction {
    private static func selectUntried(_ range: String) -> String {
        """
        SELECT d.id AS id, d.hardware AS hardware FROM devices d WHERE d.last_seen_s > ? AND NOT EXISTS
            (SELECT 1 FROM attempts a WHERE a.rollout = ? AND a.device = d.id)\(range) ORDER BY d.id
        """
    }

    func forEachUntried(
        in rollout: RolloutName, heardAfter moment: Instant, within range: UntriedRange,
        _ body: (DeviceID, HardwareModel) throws -> Bool
    ) throws {
        let always: SQLArguments = [moment.secondsSinceEpoch, rollout.text]
        let cursor =
            switch range {
            case .all: try connection.cursor(Self.selectUntried(""), always)
            case .from(let id):
                try connection.cursor(Self.selectUntried(" AND d.id >= ?"), always + [id.text])
            case .before(let id):
                try connection.cursor(Self.selectUntried(" AND d.id < ?"), always + [id.text])
            }
        while let row = try cursor.next() {
            let id = try row.value("id") { DeviceID($0) }
            guard try body(id, row.value("hardware") { HardwareModel($0) }) else { return }
        }
    }
}
