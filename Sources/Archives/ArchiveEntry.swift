/// One thing in an archive, as the archive tells of it; nothing of it is to be trusted.
public struct ArchiveEntry: Hashable, Sendable {
    public let path: String
    public let kind: Kind
    /// The twelve bits of chmod(1).
    public let permissions: UInt32

    public enum Kind: Hashable, Sendable {
        case file(length: Int64)
        case directory
        case link(target: String)
        /// A second name for a file that came before.
        case hardLink(to: String)
        /// A device, a pipe or a socket.
        case special
    }
}

/// Why an archive cannot be read.
public enum ArchiveError: Error, Hashable, CustomStringConvertible {
    /// The device has no libarchive.
    case noLibrary
    /// Whoever hands on the archive's bytes could not.
    case interrupted
    /// In the library's words.
    case malformed(String)
    /// A name that is not UTF-8, or none at all.
    case unreadableName

    public var description: String {
        switch self {
        case .noLibrary: "the library libarchive.so.13 is missing, which unpacks archives"
        case .interrupted: "the archive cannot be read to its end"
        case .malformed(let reason): "the archive cannot be read: \(reason)"
        case .unreadableName: "the archive has a name that is not UTF-8"
        }
    }
}
