internal import Agent

/// A small file or a piece of a device that a bootloader reads, written over where it lies.
///
/// A bootloader reads the medium and replays no journal, so nothing about the file itself may
/// change, neither its length nor where its blocks are: no new file, no rename, no truncation.
enum InPlaceFile {
    /// Puts `bytes` over those at `offset`; durable and compared with the medium when it returns.
    ///
    /// What is there already is made durable only: an earlier call may have been killed between
    /// its write and its sync.
    ///
    /// - Throws: ``SlotError``; also when the medium does not hold what was written.
    static func overwrite(
        _ path: String, at offset: Int64 = 0, with bytes: [UInt8], on disk: any Disk
    ) throws(SlotError) {
        let file = try disk.open(path, .update)
        let old = try file.bytes(at: offset, count: bytes.count)
        guard old.count == bytes.count else {
            throw .malformed(
                path: path,
                problem: "it ends before byte \(offset + Int64(bytes.count)), "
                    + "and must not change its length")
        }
        if old != bytes { try file.write(bytes, at: offset) }
        try file.sync()
        let again = try disk.open(path, .read)
        try again.forgetCache()
        guard try again.bytes(at: offset, count: bytes.count) == bytes else {
            throw .failed(
                operation: "write", path: path, reason: "it does not read back as it was written")
        }
    }

    /// At most `count` bytes from `offset` on; fewer only at the end.
    static func read(
        _ path: String, at offset: Int64 = 0, count: Int, on disk: any Disk
    ) throws(SlotError) -> [UInt8] {
        try disk.open(path, .read).bytes(at: offset, count: count)
    }
}
