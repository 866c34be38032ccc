/// Why a JSON value is not what a reader of it asked for.
public struct JSONShapeError: Error, Hashable, Sendable {
    /// Where in the document, such as `waves[1].percent`; empty for the document itself.
    public let path: String
    /// What should stand there, as it follows the word "expected".
    public let expected: String

    public init(path: String, expected: String) {
        self.path = path
        self.expected = expected
    }
}

extension JSONShapeError: CustomStringConvertible {
    public var description: String {
        path.isEmpty ? "expected \(expected)" : "\(path): expected \(expected)"
    }
}
