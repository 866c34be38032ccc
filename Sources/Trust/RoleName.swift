public import JSON
internal import Model

/// The roles that sign something a device relies on.
public enum RoleName: Hashable, Sendable {
    case root
    case timestamp
    case snapshot
    case targets
    /// Slipway's own: named by the member `x-slipway-offer` of root; signs offers and directives.
    case offer
    /// A role that targets, or another such role, trusts with some of its paths (TUF 4.5).
    case delegated(DelegatedRoleName)

    /// The roles that root metadata must name (TUF 4.3).
    public static let topLevel: [RoleName] = [.root, .timestamp, .snapshot, .targets]
    /// The roles that root metadata of a Slipway repository names.
    public static let ofRoot: [RoleName] = topLevel + [.offer]

    /// The name as metadata writes it.
    public var text: String {
        switch self {
        case .root: "root"
        case .timestamp: "timestamp"
        case .snapshot: "snapshot"
        case .targets: "targets"
        case .offer: "offer"
        case .delegated(let name): name.text
        }
    }

    /// The role of ``ofRoot`` with this name, else the delegated role; `nil` for no role's name.
    public init?(_ text: String) {
        if let role = Self.ofRoot.first(where: { $0.text == text }) {
            self = role
        } else {
            guard let name = DelegatedRoleName(text) else { return nil }
            self = .delegated(name)
        }
    }

    /// The name of the role's metadata inside other metadata, where versions are never prefixed.
    public var fileName: String { "\(text).json" }

    /// The name of a file to keep the role's metadata in: ``fileName`` percent-encoded, so that no
    /// role's name leads to another folder.
    public var storedName: String { "\(URLPath.encode(text)).json" }

    /// The value of `_type` (TUF 4.3 to 4.6).
    var typeText: String {
        switch self {
        case .root, .timestamp, .snapshot, .targets, .offer: text
        case .delegated: RoleName.targets.text
        }
    }

    /// The name under which the metadata is published (TUF 1.0.34 sections 3.2 and 6).
    ///
    /// Root is always versioned and the timestamp never; the others are where the repository has
    /// consistent snapshots. Not percent-encoded.
    public func publishedName(version: Int64, isConsistent: Bool) -> String {
        switch self {
        case .root: "\(version).root.json"
        case .timestamp: fileName
        case .snapshot, .targets, .offer, .delegated:
            isConsistent ? "\(version).\(fileName)" : fileName
        }
    }
}

/// For messages: the name, in quotes where somebody else chose it.
extension RoleName: CustomStringConvertible {
    public var description: String {
        switch self {
        case .root, .timestamp, .snapshot, .targets, .offer: text
        case .delegated(let name): name.name.quoted
        }
    }
}

/// What a delegated role is called.
///
/// Names are compared byte by byte. Any byte but control characters may stand in one, as in the
/// specification; ``RoleName/storedName`` makes them harmless.
public struct DelegatedRoleName: Hashable, Sendable {
    public let name: JSONString

    /// The longest name, in bytes: percent-encoded it still fits a file system.
    public static let maximumByteCount = 80

    /// Returns `nil` for an empty or too long name, for one with control characters, and for the
    /// name of a role that root names.
    public init?(_ text: String) {
        guard (1...Self.maximumByteCount).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }),
            !RoleName.topLevel.contains(where: { $0.text == text })
        else { return nil }
        name = JSONString(text)
    }

    public var text: String { name.text }
}
