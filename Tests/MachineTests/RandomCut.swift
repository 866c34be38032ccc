import Foundation

/// One power cut at random, with what the drive happened to keep: for an emulator to boot from.
struct RandomCut: CustomStringConvertible {
    /// Entries that a flush had made durable.
    private let durable: Int
    /// The entry that was under way.
    private let last: Int
    /// Of the entries since the flush those that were kept, with how many bytes of them.
    private let kept: [(entry: Int, count: Int)]

    var description: String {
        "cut at write \(last), \(kept.count) of the \(last - durable) writes since the last flush"
            + " kept or torn"
    }

    /// Chooses a moment within `entries`, and what was kept of the writes since the flush before it.
    ///
    /// A time between two flushes in which something was written is chosen first, so that a long
    /// download does not hide the rest.
    init(of log: WriteLog, within entries: Range<Int>, using random: inout SplitMix64) {
        let flushes = entries.filter { log.entries[$0].isFlush }
        let starts = [entries.lowerBound] + flushes.map { $0 + 1 }
        let ends = flushes + [entries.upperBound]
        let times = zip(starts, ends).filter { $0 < $1 }
        let time = times.randomElement(using: &random) ?? (entries.lowerBound, entries.upperBound)
        last = Int.random(in: (time.0 + 1)...max(time.1, time.0 + 1), using: &random)
        // The time may have begun before `entries` does.
        durable = (0..<time.0).last { log.entries[$0].isFlush }.map { $0 + 1 } ?? 0
        var kept: [(Int, Int)] = []
        for entry in durable..<last where log.entries[entry].count > 0 {
            let sectors = log.entries[entry].count / WriteLog.sectorBytes
            switch Int.random(in: 0..<4, using: &random) {
            case 0: break
            case 1:
                let some = Int.random(in: 0..<sectors, using: &random)
                kept.append((entry, some * WriteLog.sectorBytes))
            default: kept.append((entry, log.entries[entry].count))
            }
        }
        self.kept = kept
    }

    /// Makes the disk that this cut leaves of `fresh`, the disk before the first entry.
    func rebuild(_ log: WriteLog, from fresh: URL, at disk: URL) throws {
        try? FileManager.default.removeItem(at: disk)
        try FileManager.default.copyItem(at: fresh, to: disk)
        let file = try FileHandle(forWritingTo: disk)
        defer { try? file.close() }
        let whole = (0..<durable).map { (entry: $0, count: log.entries[$0].count) }
        for (number, count) in whole + kept where count > 0 {
            let entry = log.entries[number]
            try file.seek(toOffset: UInt64(entry.offset))
            try log.withBytes(of: entry) { bytes in
                try file.write(contentsOf: Data(bytes[..<count]))
            }
        }
    }
}
