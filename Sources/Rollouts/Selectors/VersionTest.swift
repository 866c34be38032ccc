internal import Model

/// What a comparison asks of a version.
enum VersionTest: Hashable, Sendable {
    case equals(Version)
    case isOneOf(Set<Version>)
    case stands(SelectorOrder, Version)

    func holds(for version: Version) -> Bool {
        switch self {
        case .equals(let other): version == other
        case .isOneOf(let versions): versions.contains(version)
        case .stands(let order, let other): order.holds(version, other)
        }
    }
}
