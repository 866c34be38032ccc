/// A name and a version: what a rollout brings to devices.
public struct ReleaseID: Hashable, Sendable, Comparable {
    public let name: ReleaseName
    public let version: Version

    public init(name: ReleaseName, version: Version) {
        self.name = name
        self.version = version
    }

    /// Reads `acme-gateway 2.4.1`; returns `nil` for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, let name = ReleaseName(String(parts[0])),
            let version = Version(String(parts[1]))
        else { return nil }
        self.init(name: name, version: version)
    }

    public static func < (left: ReleaseID, right: ReleaseID) -> Bool {
        (left.name, left.version) < (right.name, right.version)
    }
}

extension ReleaseID: CustomStringConvertible {
    public var description: String { "\(name) \(version)" }
}

/// Where the bytes of an image lie and what they must be.
public struct ImageReference: Hashable, Sendable {
    /// The path of the target in the TUF repository, without the digest prefix.
    public let path: TargetPath
    public let sha256: Digest
    /// In bytes; at least 1.
    public let length: Int64

    public init?(path: TargetPath, sha256: Digest, length: Int64) {
        guard length >= 1 else { return nil }
        self.path = path
        self.sha256 = sha256
        self.length = length
    }
}

/// A relative path of a target: names joined by `/`, nothing that a file system could misread.
public struct TargetPath: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    /// The most names in a path.
    public static let maximumDepth = 8

    /// Returns `nil` when `text` is empty, absolute, too deep, or has a part that is not a name.
    public init?(_ text: String) {
        let parts = text.utf8.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard (1...Self.maximumDepth).contains(parts.count),
            parts.allSatisfy({ NameRule.allows($0) })
        else { return nil }
        self.text = text
    }

    /// The path under which a consistent snapshot serves it: the digest stands before the last name.
    public func prefixed(by digest: Digest) -> String {
        guard let slash = text.lastIndex(of: "/") else { return "\(digest.hex).\(text)" }
        return "\(text[...slash])\(digest.hex).\(text[text.index(after: slash)...])"
    }

    public var description: String { text }
}
