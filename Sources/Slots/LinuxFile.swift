internal import Agent
internal import Glibc

/// A file of ``LinuxDisk``.
final class LinuxFile: DiskFile {
    private let file: File
    /// How far what was written is on its way to the medium, and how far it is forgotten.
    private var started: Int64 = 0
    private var forgotten: Int64 = 0

    /// Large enough that a flash medium writes at its speed, and little beside any device's memory.
    private static let windowByteCount: Int64 = 2_097_152

    init(_ file: consuming File) { self.file = file }

    var path: String { file.path }

    func length() throws(SlotError) -> Int64 { try file.length() }

    func read(at offset: Int64, maximum: Int) throws(SlotError) -> [UInt8] {
        try file.read(at: offset, maximum: maximum)
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(SlotError) {
        try file.write(bytes, at: offset)
    }

    func allocate(length: Int64) throws(SlotError) {
        guard file.isBlockDevice else { return try file.allocate(length: length) }
        let capacity = try file.length()
        guard capacity >= length else {
            throw .failed(
                operation: "put \(length) bytes in", path: path,
                reason: "the device has only \(capacity)")
        }
    }

    func sync() throws(SlotError) { try file.sync() }

    /// One window is on its way while the next is filled; the one before is out, and forgotten.
    func settle(upTo offset: Int64) throws(SlotError) {
        // A writer that goes back begins anew.
        if offset < started { (started, forgotten) = (offset, offset) }
        while offset - started >= Self.windowByteCount {
            file.startWriting(from: started, length: Self.windowByteCount)
            if started > forgotten {
                file.finishWriting(from: forgotten, length: started - forgotten)
                file.forgetCache(from: forgotten, length: started - forgotten)
                forgotten = started
            }
            started += Self.windowByteCount
        }
    }

    func forgetCache() { file.forgetCache() }
}
