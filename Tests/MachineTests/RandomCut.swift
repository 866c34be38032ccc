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

    /// Chooses a moment between two flushes first, so that a long download does not hide the rest.
    init(of log: WriteLog, using random: inout SplitMix64) {
        let flushes = [0] + log.entries.indices.filter { log.entries[$0].isFlush }
        let place = Int.random(in: flushes.indices, using: &random)
        durable = flushes[place]
        let end = place + 1 < flushes.count ? flushes[place + 1] : log.entries.count
        last = Int.random(in: durable..<max(end, durable + 1), using: &random)
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
