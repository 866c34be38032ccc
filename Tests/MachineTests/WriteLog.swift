import Foundation

/// Every write and flush of a machine's disk, in the order in which they ended.
///
/// The form is that of the kernel's dm-log-writes, which the emulator's `blklogwrites` writes too.
struct WriteLog {
    let entries: [Entry]
    private let file: Data

    struct Entry {
        /// Where it begins on the disk, in bytes.
        let offset: Int
        /// How much is written or discarded; 0 for a flush.
        let count: Int
        let isFlush: Bool
        let isDiscard: Bool
        fileprivate let position: Int

        var range: Range<Int> { offset..<(offset + count) }
    }

    private static let magic: UInt64 = 0x6a_7366_7773_6872
    static let sectorBytes = 512

    init(reading url: URL) throws {
        file = try Data(contentsOf: url, options: .alwaysMapped)
        let file = file
        func number(at position: Int) -> Int {
            Int(
                file.withUnsafeBytes {
                    UInt64(
                        littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                })
        }
        guard file.count >= 512, number(at: 0) == Int(Self.magic) else {
            throw MachineError("\(url.path) is not a log of writes")
        }
        let sector = file.withUnsafeBytes {
            Int($0.loadUnaligned(fromByteOffset: 24, as: UInt32.self))
        }
        guard sector == Self.sectorBytes else { throw MachineError("sectors of \(sector) bytes") }
        var entries: [Entry] = []
        var position = sector
        for _ in 0..<number(at: 16) {
            let flags = number(at: position + 16)
            let count = number(at: position + 8) * sector
            let isDiscard = flags & 4 != 0
            // Writes that are durable by themselves do not come from this emulator's disks.
            guard flags & 2 == 0, flags & 1 == 0 || count == 0 else {
                throw MachineError("an entry with flags \(flags) and \(count) bytes")
            }
            entries.append(
                Entry(
                    offset: number(at: position) * sector, count: count, isFlush: flags & 1 != 0,
                    isDiscard: isDiscard, position: position + sector))
            position += sector + (isDiscard ? 0 : count)
            guard position <= file.count else { throw MachineError("the log ends early") }
        }
        self.entries = entries
    }

    /// Hands the bytes that `entry` wrote to `body`; zeros for a discard.
    func withBytes<Result>(
        of entry: Entry, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        guard !entry.isDiscard else {
            return try [UInt8](repeating: 0, count: entry.count).withUnsafeBytes(body)
        }
        return try file.withUnsafeBytes { bytes in
            try body(
                UnsafeRawBufferPointer(
                    rebasing: bytes[entry.position..<(entry.position + entry.count)]))
        }
    }

    /// The number of the first entry from `start` on whose bytes contain `text`.
    func first(containing text: String, in range: Range<Int>) -> Int? {
        let wanted = Array(text.utf8)
        return entries.indices.first { index in
            let entry = entries[index]
            guard entry.count > 0, !entry.isDiscard, range.contains(entry.offset) else {
                return false
            }
            return withBytes(of: entry) { $0.offset(of: wanted) } != nil
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Where `wanted` begins for the first time; by the C library, since whole disks are searched.
    func offset(of wanted: [UInt8]) -> Int? {
        guard let start = baseAddress, let first = wanted.first else { return nil }
        var at = 0
        while at + wanted.count <= count {
            guard let hit = memchr(start + at, Int32(first), count - wanted.count + 1 - at) else {
                return nil
            }
            at = UnsafeRawPointer(hit) - start
            if memcmp(hit, wanted, wanted.count) == 0 { return at }
            at += 1
        }
        return nil
    }
}

extension Data {
    func offset(of wanted: Data) -> Int? { withUnsafeBytes { $0.offset(of: Array(wanted)) } }
}
