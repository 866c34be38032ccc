internal import Agent
internal import Archives

/// Unpacks an archive into a new directory, and nowhere else.
struct TreeWriter {
    /// What an archive may become at most.
    struct Limits {
        var entries = 200_000
        /// Of all files together.
        var bytes: Int64
        /// Whether files may run as their owner, whoever starts them.
        var allowsSetID: Bool
    }

    private let root: String
    private let limits: Limits
    private let disk: any Disk
    private var entryCount = 0
    private var byteCount: Int64 = 0

    private static let pieceByteCount = 262_144

    /// - Parameter root: An empty directory that nobody else changes.
    init(root: String, limits: Limits, on disk: any Disk) {
        self.root = root
        self.limits = limits
        self.disk = disk
    }

    /// Unpacks everything; nothing of it is durable yet.
    ///
    /// - Parameter next: Hands on the next bytes of the archive, none at its end and `nil` when they
    ///   cannot be had.
    mutating func unpack(_ next: @escaping () -> [UInt8]?) throws(SlotError) {
        let root = root
        let reader = try Self.reading(root) { () throws(ArchiveError) in try ArchiveReader(next) }
        while let entry = try Self.reading(
            root, { () throws(ArchiveError) in try reader.nextEntry() })
        {
            entryCount += 1
            guard entryCount <= limits.entries else {
                throw refused(entry, "it has more than \(limits.entries) entries")
            }
            try write(entry, from: reader)
        }
    }

    private static func reading<Value>(
        _ root: String, _ body: () throws(ArchiveError) -> Value
    ) throws(SlotError) -> Value {
        do throws(ArchiveError) { return try body() } catch {
            throw .failed(operation: "unpack an archive into", path: root, reason: "\(error)")
        }
    }

    private mutating func write(
        _ entry: ArchiveEntry, from reader: ArchiveReader
    ) throws(SlotError) {
        guard let place = TreePath(entry.path) else {
            throw refused(entry, "it would lie outside")
        }
        // The directory itself, which archives like to name first.
        guard !place.components.isEmpty else { return }
        try makeParents(of: place, entry)
        let path = "\(root)/\(place.text)"
        let old = try disk.entry(path)
        guard old == nil || (old == .directory && entry.kind == .directory) else {
            throw refused(entry, "it is there twice")
        }
        switch entry.kind {
        case .directory:
            try disk.makeDirectory(path, permissions: permissions(of: entry))
        case .file(let length):
            let root = root
            try makeFile(path, entry, length: length, permissions(of: entry)) {
                maximum throws(SlotError) in
                try Self.reading(root) { () throws(ArchiveError) in
                    try reader.data(maximum: maximum)
                }
            }
        case .link(let target):
            guard place.allows(target: target) else {
                throw refused(entry, "the link to \(target) may lead outside")
            }
            try disk.makeLink(path, to: target)
        case .hardLink(let other): try copy(other, to: path, entry)
        case .special: throw refused(entry, "it is a device, a pipe or a socket")
        }
    }

    /// Every directory on the way must be one: a link there would lead to another place.
    private func makeParents(of place: TreePath, _ entry: ArchiveEntry) throws(SlotError) {
        for parent in place.parents {
            let path = "\(root)/\(parent)"
            switch try disk.entry(path) {
            case .directory: continue
            case nil: try disk.makeDirectory(path, permissions: 0o755)
            case .file, .link, .blockDevice, .other:
                throw refused(entry, "\(parent) is no directory")
            }
        }
    }

    private func permissions(of entry: ArchiveEntry) throws(SlotError) -> UInt32 {
        guard limits.allowsSetID || entry.permissions & 0o6000 == 0 else {
            throw refused(entry, "it would run as its owner or group, whoever starts it")
        }
        return entry.permissions & 0o7777
    }

    private mutating func makeFile(
        _ path: String, _ entry: ArchiveEntry, length: Int64, _ permissions: UInt32,
        next: (Int) throws(SlotError) -> [UInt8]
    ) throws(SlotError) {
        guard length <= limits.bytes - byteCount else { throw tooLarge(entry) }
        let file = try disk.open(path, .create(permissions: permissions))
        var offset: Int64 = 0
        while case let piece = try next(Self.pieceByteCount), !piece.isEmpty {
            byteCount += Int64(piece.count)
            guard byteCount <= limits.bytes else { throw tooLarge(entry) }
            try file.write(piece, at: offset)
            offset += Int64(piece.count)
            try file.settle(upTo: offset)
        }
    }

    /// A second name becomes a second file: to a tree that nobody writes to, it is the same.
    private mutating func copy(
        _ other: String, to path: String, _ entry: ArchiveEntry
    ) throws(SlotError) {
        guard let source = TreePath(other), case .file = try disk.entry("\(root)/\(source.text)"),
            try isInside(source)
        else { throw refused(entry, "\(other), of which it is another name, is no file before it") }
        let path = (source: "\(root)/\(source.text)", new: path)
        let original = try disk.open(path.source, .read)
        var offset: Int64 = 0
        try makeFile(
            path.new, entry, length: original.length(), disk.permissions(of: path.source)
        ) { maximum throws(SlotError) in
            let piece = try original.read(at: offset, maximum: maximum)
            offset += Int64(piece.count)
            return piece
        }
    }

    private func isInside(_ place: TreePath) throws(SlotError) -> Bool {
        for parent in place.parents where try disk.entry("\(root)/\(parent)") != .directory {
            return false
        }
        return true
    }

    private func tooLarge(_ entry: ArchiveEntry) -> SlotError {
        refused(entry, "the files are more than \(limits.bytes) bytes")
    }

    private func refused(_ entry: ArchiveEntry, _ reason: String) -> SlotError {
        .malformed(path: "the archive, at \(entry.path.prefix(200))", problem: reason)
    }
}
