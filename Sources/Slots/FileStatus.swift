public import Agent
internal import Glibc
public import Model

/// Whose a file is, and who may read and change it; links are followed.
public struct FileStatus: Hashable, Sendable {
    public enum Kind: Hashable, Sendable { case file, directory, other }

    public let kind: Kind
    /// When its bytes were changed last, by the clock of the wall.
    public let changed: Instant
    private let owner: UInt32
    private let permissions: UInt32

    /// Returns `nil` when there is nothing at `path`.
    public init?(of path: String) throws(SlotError) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SlotError(errno, "look at", path)
        }
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            default: .other
            }
        changed = Instant(secondsSinceEpoch: Int64(status.st_mtim.tv_sec))
        owner = status.st_uid
        permissions = status.st_mode & 0o7777
    }

    /// Such as `0600`.
    public var mode: String {
        let digits = String(permissions, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// Whether it is ours, and nobody else may read or change it.
    public var isPrivate: Bool { owner == geteuid() && permissions & 0o077 == 0 }

    /// Whether nobody but root and we may change it.
    public var isGuarded: Bool {
        (owner == 0 || owner == geteuid()) && permissions & 0o022 == 0
    }

    /// Whether somebody may run it.
    public var isExecutable: Bool { kind == .file && permissions & 0o111 != 0 }
}
