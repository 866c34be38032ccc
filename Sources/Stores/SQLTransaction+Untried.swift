internal import Model
internal import Orchestrator

extension SQLTransaction {
    /// The empty text stands before every id.
    private static let selectUntried = """
        SELECT d.id AS id, d.hardware AS hardware FROM devices d WHERE d.last_seen_s > ? AND NOT EXISTS
            (SELECT 1 FROM attempts a WHERE a.rollout = ? AND a.device = d.id) AND d.id >= ?
        """
    private static let selectAllUntried = "\(selectUntried) ORDER BY d.id"
    private static let selectUntriedBefore = "\(selectUntried) AND d.id < ? ORDER BY d.id"
    private static let selectPlace =
        "SELECT id FROM devices WHERE id >= ? ORDER BY id LIMIT 1 OFFSET ?"

    func forEachUntried(
        in rollout: RolloutName, heardAfter moment: Instant, within range: UntriedRange,
        _ body: (DeviceID, HardwareModel) throws -> Bool
    ) throws {
        let arguments: SQLArguments = [
            moment.secondsSinceEpoch, rollout.text, range.from?.text ?? "",
        ]
        let cursor =
            if let end = range.before {
                try connection.cursor(Self.selectUntriedBefore, arguments + [end.text])
            } else { try connection.cursor(Self.selectAllUntried, arguments) }
        while let row = try cursor.next() {
            let id = try row.value("id") { DeviceID($0) }
            guard try body(id, row.value("hardware") { HardwareModel($0) }) else { return }
        }
    }

    func device(placesBehind count: Int, _ first: DeviceID?) throws -> DeviceID? {
        try rows(Self.selectPlace, [first?.text ?? "", count]).first.map {
            try $0.value("id") { DeviceID($0) }
        }
    }
}
