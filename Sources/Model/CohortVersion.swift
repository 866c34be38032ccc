/// One version of a saved selector; it never changes.
public struct CohortVersion: Hashable, Sendable, CustomStringConvertible {
    public let name: CohortName
    /// From 1.
    public let number: Int

    /// The highest version.
    public static let maximumNumber = 1_000_000

    /// Returns `nil` unless `number` is 1 to ``maximumNumber``.
    public init?(name: CohortName, number: Int) {
        guard (1...Self.maximumNumber).contains(number) else { return nil }
        self.name = name
        self.number = number
    }

    /// As a selector names it, such as `berlin@3`.
    public var description: String { "\(name)@\(number)" }
}
