public import Model

/// What a selector says of a cohort: `berlin` for its newest version, `berlin@3` for one.
public struct CohortReference: Hashable, Sendable {
    public let name: CohortName
    /// `nil` for the newest.
    public let version: CohortVersion?

    /// Returns `nil` when `text` is neither a name nor a name, `@` and a version from 1.
    public init?(_ text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let name = CohortName(String(first)) else { return nil }
        self.name = name
        guard parts.count > 1 else {
            version = nil
            return
        }
        // One way to write each number.
        guard let number = Int(parts[1]), "\(number)".utf8.elementsEqual(parts[1].utf8),
            let version = CohortVersion(name: name, number: number)
        else { return nil }
        self.version = version
    }
}

extension CohortReference: CustomStringConvertible {
    public var description: String { version.map { "\($0)" } ?? "\(name)" }
}
