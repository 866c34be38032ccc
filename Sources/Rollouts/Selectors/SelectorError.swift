/// Where a text stops being a selector, and what should have stood there.
public struct SelectorError: Error, Hashable, Sendable {
    /// Counts Unicode scalars from 1.
    public let column: Int
    public let expected: String
    public let found: String

    public init(column: Int, expected: String, found: String) {
        self.column = column
        self.expected = expected
        self.found = found
    }
}

extension SelectorError: CustomStringConvertible {
    public var description: String { "column \(column): expected \(expected), found \(found)" }
}
