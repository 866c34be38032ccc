public import JSON
public import Wire

/// Some rows of the log, as the management interface answers them.
public struct AuditPage: WireMessage {
    /// By number.
    public var rows: [AuditRow]
    /// The checkpoints of these rows, by number; none when rows were asked for selectively.
    public var checkpoints: [SignedCheckpoint]

    /// The most rows of one page.
    public static let maximumCount = 500

    public init(rows: [AuditRow], checkpoints: [SignedCheckpoint]) {
        self.rows = rows
        self.checkpoints = checkpoints
    }

    public var json: JSONObject {
        JSONObject([
            ("rows", .array(rows.map { .object($0.json) })),
            ("checkpoints", .array(checkpoints.map(\.envelope.value))),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        rows = []
        for element in try fields.array("rows", maximumCount: Self.maximumCount) {
            rows.append(try AuditRow(element.object()))
        }
        checkpoints = []
        for element in try fields.array("checkpoints", maximumCount: Self.maximumCount) {
            do { checkpoints.append(try SignedCheckpoint(element.value)) } catch {
                throw JSONShapeError(path: element.path, expected: "a signed checkpoint")
            }
        }
    }

    /// The page as lines of an export: each checkpoint right after the row that it is of.
    public var exportLines: [[UInt8]] {
        var lines: [[UInt8]] = []
        var checkpoints = checkpoints[...]
        for row in rows {
            lines.append(row.bytes)
            while let checkpoint = checkpoints.first, checkpoint.unverified.number <= row.number {
                lines.append(checkpoint.bytes)
                checkpoints.removeFirst()
            }
        }
        return lines
    }
}
