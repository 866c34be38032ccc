public import JSON

/// What an import has done with each of its rows.
public struct ImportReport: WireMessage {
    /// Devices that the inventory did not have.
    public var added: Int
    public var changed: Int
    public var unchanged: Int
    public var refused: [RefusedRow]

    /// The most rows of one import.
    public static let maximumRowCount = 200_000

    public init(added: Int = 0, changed: Int = 0, unchanged: Int = 0, refused: [RefusedRow] = []) {
        self.added = added
        self.changed = changed
        self.unchanged = unchanged
        self.refused = refused
    }

    /// A row of which nothing was taken over.
    public struct RefusedRow: WireMessage {
        /// Of the file that was sent; the first line is 1.
        public var line: Int
        /// One sentence for a person.
        public var reason: String

        public init(line: Int, reason: String) {
            self.line = line
            self.reason = reason
        }

        public var json: JSONObject {
            JSONObject([("line", .integer(Int64(line))), ("reason", .string(reason))])
        }

        public init(_ fields: JSONFields) throws(JSONShapeError) {
            line = Int(try fields.integer("line", in: 1...Int64.max))
            reason = try fields.string("reason", maximumByteCount: 65_536)
        }
    }

    public var json: JSONObject {
        JSONObject([
            ("added", .integer(Int64(added))), ("changed", .integer(Int64(changed))),
            ("unchanged", .integer(Int64(unchanged))), ("refused", .list(refused)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        added = try fields.count("added")
        changed = try fields.count("changed")
        unchanged = try fields.count("unchanged")
        refused = try fields.messages("refused", maximumCount: Self.maximumRowCount)
    }
}
