/// The roles that sign something a device relies on.
public enum RoleName: String, Hashable, Sendable, CaseIterable {
    case root
    case timestamp
    case snapshot
    case targets
    /// Slipway's own: named by the member `x-slipway-offer` of root; signs offers and directives.
    case offer

    /// The name of the role's metadata inside other metadata, where versions are never prefixed.
    public var fileName: String { "\(rawValue).json" }

    /// The name under which the metadata is published (TUF 1.0.34 sections 3.2 and 6).
    ///
    /// Root is always versioned and the timestamp never; the others are where the repository has
    /// consistent snapshots.
    public func publishedName(version: Int64, isConsistent: Bool) -> String {
        switch self {
        case .root: "\(version).root.json"
        case .timestamp: fileName
        case .snapshot, .targets, .offer: isConsistent ? "\(version).\(fileName)" : fileName
        }
    }
}
