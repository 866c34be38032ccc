/// Where a text stops being a selector, and what should have stood there.
public struct SelectorError: Error, Hashable, Sendable {
    /// Counts Unicode scalars from 1.
    public let column: Int
    public let expected: String
    public let found: String
    /// What may have been meant.
    public let nearest: String?

    public init(column: Int, expected: String, found: String, nearest: String? = nil) {
        self.column = column
        self.expected = expected
        self.found = found
        self.nearest = nearest
    }
}

extension SelectorError: CustomStringConvertible {
    public var description: String {
        "column \(column): expected \(expected), found \(found)"
            + (nearest.map { "; did you mean `\($0)`?" } ?? "")
    }
}
