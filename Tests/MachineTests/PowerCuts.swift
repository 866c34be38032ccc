/// Every disk that a power cut can leave behind in the course of a recorded update.
///
/// A drive keeps what a flush found finished. Of what came after the last flush it may have kept
/// anything: so the disk is looked at after every write and after every sector of it, with each
/// write of the time between two flushes lost alone or kept alone, and with any of them lost or
/// torn at random.
struct PowerCuts {
    /// What is not to be found in any state.
    struct Violation: CustomStringConvertible {
        let state: String
        let decision: BootDecision
        let problem: String
        var description: String { "\(state): \(decision): \(problem)" }
    }

    /// From an entry on something else would boot than before.
    struct Change: CustomStringConvertible {
        let entry: Int
        let decision: BootDecision
        let image: String?
        var description: String { "from write \(entry): \(decision), \(image ?? "no image")" }
    }

    /// How often each kind of state was looked at.
    struct Counts {
        var afterWrites = 0
        var afterFlushes = 0
        var torn = 0
        var oneLost = 0
        var oneKept = 0
        var random = 0
        var all: Int { afterWrites + afterFlushes + torn + oneLost + oneKept + random }
    }

    private let log: WriteLog
    private let disk: RebuiltDisk
    private let oracle: any BootOracle
    /// From this entry on only `newImage` may boot.
    private let provenFrom: Int
    private let newImage: String
    private var random: SplitMix64

    private(set) var counts = Counts()
    private(set) var violations: [Violation] = []
    /// Each change of what would boot, in the order of the writes.
    private(set) var story: [Change] = []
    private var decided: (revision: Int, decision: BootDecision)?

    /// - Parameter disk: As it was before the first entry of `log`.
    init(
        _ log: WriteLog, on disk: RebuiltDisk, oracle: any BootOracle, provenFrom: Int,
        newImage: String, seed: UInt64
    ) {
        self.log = log
        self.disk = disk
        self.oracle = oracle
        self.provenFrom = provenFrom
        self.newImage = newImage
        random = SplitMix64(seed: seed)
    }

    /// Random states of each time between two flushes; with each write lost or torn.
    private static let randomStates = 20

    /// The entry of a log that a device cannot have reported its proof before.
    ///
    /// The agent reports nothing that it has not stored, so it is the first flush behind the first
    /// write to the data partition that says so.
    static func proof(in log: WriteLog, layout: DiskLayout) throws -> Int {
        guard let stored = log.first(containing: #""state":"proven""#, in: layout.data),
            let flush = log.entries.indices.first(where: {
                $0 > stored && log.entries[$0].isFlush
            })
        else { throw MachineError("the log has no proof in it") }
        return flush
    }

    mutating func lookAtAll() {
        look("before the first write", entry: 0)
        tell(entry: 0)
        var start = 0
        while start < log.entries.count {
            let end = log.entries[start...].firstIndex { $0.isFlush } ?? log.entries.count
            lookBetweenFlushes(start..<end)
            counts.afterFlushes += 1
            look("after flush \(end)", entry: end)
            start = end + 1
        }
    }

    // MARK: Between two flushes

    private mutating func lookBetweenFlushes(_ entries: Range<Int>) {
        var undo: [RebuiltDisk.Before] = []
        for entry in entries { undo.append(contentsOf: lookAtWrite(entry)) }
        // What no boot loader reads and no slot holds makes no difference to what boots.
        let relevant = entries.filter { isRelevant(log.entries[$0]) }
        guard !relevant.isEmpty else { return }
        for before in undo.reversed() { disk.undo(before) }

        for entry in relevant {
            with([entry]) {
                $0.counts.oneKept += 1
                $0.look("only write \(entry) of \(entries) kept", entry: entries.lowerBound)
            }
        }
        if relevant.count > 1 {
            for _ in 0..<Self.randomStates { lookAtRandomState(relevant, of: entries) }
            lookWithoutEach(relevant, of: entries)
        }
        for entry in entries { apply(entry) }
    }

    private mutating func lookAtRandomState(_ relevant: [Int], of entries: Range<Int>) {
        var undo: [RebuiltDisk.Before] = []
        for entry in relevant {
            let sectors = log.entries[entry].count / WriteLog.sectorBytes
            switch Int.random(in: 0..<4, using: &random) {
            case 0: break
            case 1: undo.append(apply(entry, sectors: Int.random(in: 0..<sectors, using: &random)))
            default: undo.append(apply(entry))
            }
        }
        counts.random += 1
        look("some writes of \(entries) lost or torn", entry: entries.lowerBound)
        for before in undo.reversed() { disk.undo(before) }
    }

    /// Each write lost while all others of the same time are kept.
    ///
    /// The writes before the lost one stay on the disk from one state to the next, so that this
    /// costs little more than twice the writes, where none is written over by another.
    private mutating func lookWithoutEach(_ relevant: [Int], of entries: Range<Int>) {
        var all: [RebuiltDisk.Before] = []
        for entry in relevant { all.append(apply(entry)) }
        for (place, lost) in relevant.enumerated() {
            let range = log.entries[lost].range
            // Taking one write back is putting back what was there, unless another one overlaps.
            let later = relevant[(place + 1)...]
            let overlaps = later.contains { log.entries[$0].range.overlaps(range) }
            let now = disk.bytes(range)
            disk.undo(all[place])
            let again = overlaps ? later.map { apply($0) } : []
            counts.oneLost += 1
            look("write \(lost) of \(entries) lost", entry: entries.lowerBound)
            for before in again.reversed() { disk.undo(before) }
            now.withUnsafeBytes { _ = disk.write($0, at: range.lowerBound) }
        }
        for before in all.reversed() { disk.undo(before) }
    }

    private mutating func with(_ entries: [Int], _ body: (inout Self) -> Void) {
        let undo = entries.map { apply($0) }
        body(&self)
        for before in undo.reversed() { disk.undo(before) }
    }

    private func isRelevant(_ entry: WriteLog.Entry) -> Bool {
        entry.count > 0
            && (disk.layout.mayDecide(entry.range)
                || disk.layout.slots.contains { $0.overlaps(entry.range) })
    }

    // MARK: Write by write

    /// Applies the write sector by sector, and looks after each.
    @discardableResult
    private mutating func lookAtWrite(_ entry: Int) -> [RebuiltDisk.Before] {
        let write = log.entries[entry]
        guard write.count > 0 else { return [] }
        guard isRelevant(write) else {
            let before = apply(entry)
            counts.afterWrites += 1
            look("after write \(entry)", entry: entry)
            tell(entry: entry)
            return [before]
        }
        var undo: [RebuiltDisk.Before] = []
        for start in stride(from: 0, to: write.count, by: WriteLog.sectorBytes) {
            let before = log.withBytes(of: write) { bytes in
                disk.write(
                    UnsafeRawBufferPointer(
                        rebasing: bytes[start..<(start + WriteLog.sectorBytes)]),
                    at: write.offset + start)
            }
            undo.append(before)
            let isWhole = start + WriteLog.sectorBytes == write.count
            if isWhole { counts.afterWrites += 1 } else { counts.torn += 1 }
            look(isWhole ? "after write \(entry)" : "within write \(entry)", entry: entry)
            tell(entry: entry)
        }
        return undo
    }

    @discardableResult
    private func apply(_ entry: Int, sectors: Int? = nil) -> RebuiltDisk.Before {
        let write = log.entries[entry]
        let count = sectors.map { $0 * WriteLog.sectorBytes } ?? write.count
        return log.withBytes(of: write) { bytes in
            disk.write(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: write.offset)
        }
    }

    // MARK: What would boot

    private mutating func look(_ state: @autoclosure () -> String, entry: Int) {
        let decision = decision()
        guard let problem = problem(with: decision, entry: entry) else { return }
        violations.append(Violation(state: state(), decision: decision, problem: problem))
    }

    private func problem(with decision: BootDecision, entry: Int) -> String? {
        guard let image = disk.image(in: decision.slot) else {
            return "that slot holds no complete image"
        }
        guard disk.image(in: decision.fallback) != nil else {
            return "the slot to go back to holds no complete image"
        }
        if entry >= provenFrom, image != newImage {
            return "\(image) would boot after \(newImage) was proven"
        }
        return nil
    }

    private mutating func tell(entry: Int) {
        let decision = decision()
        let image = disk.image(in: decision.slot)
        guard decision != story.last?.decision || image != story.last?.image else { return }
        story.append(Change(entry: entry, decision: decision, image: image))
    }

    private mutating func decision() -> BootDecision {
        if let decided, decided.revision == disk.bootAreaRevision { return decided.decision }
        let decision = oracle.decision(on: disk)
        decided = (disk.bootAreaRevision, decision)
        return decision
    }
}

/// A small generator of random numbers, so that a seed tells the whole story.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
