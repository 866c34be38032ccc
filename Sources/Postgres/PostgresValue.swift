/// A value in an answer.
public enum PostgresValue: Hashable, Sendable {
    case null
    /// Yes and no are 1 and 0.
    case integer(Int64)
    case real(Double)
    case text(String)

    /// The types that are not read as text, by their numbers in `pg_type`.
    private enum Kind {
        static let bool: UInt32 = 16
        static let integers: Set<UInt32> = [20, 21, 23, 26]
        static let reals: Set<UInt32> = [700, 701]
        static let numeric: UInt32 = 1700
    }

    /// - Parameter type: The number of the column's type.
    init(_ text: String, type: UInt32) throws(PostgresError) {
        let value: PostgresValue? =
            switch type {
            case Kind.bool: .integer(text == "t" ? 1 : 0)
            case _ where Kind.integers.contains(type): Int64(text).map { .integer($0) }
            case _ where Kind.reals.contains(type): Double(text).map { .real($0) }
            // Sums of whole numbers are whole; means are not.
            case Kind.numeric:
                Int64(text).map { .integer($0) } ?? Double(text).map { .real($0) }
            default: .text(text)
            }
        guard let value else { throw PostgresError("PostgreSQL sent \(text) as a number") }
        self = value
    }
}

/// The rows that a statement gave, or how many it changed.
public struct PostgresAnswer: Sendable {
    /// Of the columns.
    public let names: [String]
    public let rows: [[PostgresValue]]
    public let changedCount: Int
    /// What was done, as PostgreSQL says it: `COMMIT`, `UPDATE 3`.
    public let tag: String
}
