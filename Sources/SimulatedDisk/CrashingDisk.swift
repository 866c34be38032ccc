internal import Agent
public import Slots

/// A disk in memory whose power fails at a call of the test's choice.
///
/// It is as unkind as any file system may be. What a write changed lies on the medium after the
/// file's own sync and not before; until then each of its sectors of 512 bytes is there or is not.
/// A name that was given or taken is durable after a sync of the directory and, as on FAT, of the
/// file itself, both after the change. ``states(seed:)`` tells what may be left.
public final class CrashingDisk: FlaggedDisk {
    public static let sectorByteCount = 512

    /// What the running system sees.
    public private(set) var live: Medium
    /// What is sure to be there after a cut.
    public private(set) var durable: Medium
    private(set) var pending: [Pending] = []
    private var fileCount = 1

    /// Every call that changes or syncs something, in words.
    public private(set) var calls: [String] = []
    /// The call in which the power fails, counted from 0; `nil` for never.
    public var cut: Int?
    public private(set) var isOn = true
    /// Told of every call in the moment in which the power may fail: what it does is begun, and
    /// ``states(seed:)`` tells what would be left.
    public var onCall: ((_ call: String) -> Void)?
    /// Whether everything that was done survives a cut.
    public var isSettled: Bool { pending.isEmpty }

    /// Asked at every call whether the power fails in it.
    public var powerFails: (() -> Bool)?
    /// Whether ``calls`` is kept; a machine that runs for days would fill the memory with it.
    public var keepsCalls = true
    /// Whether there is no room for anything outside of `/dev`.
    public var isFull = false
    /// What the medium really stores of what is written to a file.
    public var spoils: ((_ path: String, _ bytes: [UInt8]) -> [UInt8])?

    /// A folder whose files are variables of the firmware: taken as a whole, with no sync.
    public var firmware: String?
    /// Files that nobody may change as long as they have the flag.
    public var immutable: Set<String> = []

    public init(_ medium: Medium = Medium()) {
        live = medium
        durable = medium
        fileCount = medium.largestFileNumber + 1
    }

    /// The same medium in another machine: power on, nothing pending, no cut.
    public func copy() -> CrashingDisk { copy(durable) }

    private func copy(_ medium: Medium) -> CrashingDisk {
        let disk = CrashingDisk(medium)
        disk.firmware = firmware
        disk.immutable = immutable
        return disk
    }

    /// Puts a file there as it comes from a factory: durable, and no call.
    public func put(_ path: String, _ bytes: [UInt8]) {
        makeParents(of: path)
        fileCount += 1
        for change in [Pending.names([path: .file(fileCount)], files: [], directories: [])] {
            change.apply(to: &live)
            change.apply(to: &durable)
        }
        live.contents[fileCount] = bytes
        durable.contents[fileCount] = bytes
    }

    public func put(_ path: String, _ text: String) { put(path, Array(text.utf8)) }

    /// Puts a symbolic link there; durable, and no call.
    public func put(_ path: String, linkTo target: String) {
        makeParents(of: path)
        live.names[path] = .link(target: target)
        durable.names[path] = .link(target: target)
    }

    /// Takes a name away; durable, and no call.
    public func take(_ path: String) {
        live.names[path] = nil
        durable.names[path] = nil
    }

    private func makeParents(of path: String) {
        var directory = parent(path)
        while directory != "/" {
            live.names[directory] = .directory
            durable.names[directory] = .directory
            directory = parent(directory)
        }
    }

    // MARK: What may be left

    /// Every state in which a power cut now may leave the disk, no two alike.
    ///
    /// Each thing that is not durable survives or does not: all combinations when they are few, and
    /// otherwise every beginning, every single one, every one missing, and a seeded sample.
    public func states(seed: UInt64 = 1) -> [CrashingDisk] {
        var seen: Set<Medium> = []
        var states: [CrashingDisk] = []
        for survivors in choices(seed: seed) {
            var medium = durable
            for (change, survives) in zip(pending, survivors) where survives {
                change.apply(to: &medium)
            }
            medium.dropLost()
            if seen.insert(medium).inserted { states.append(copy(medium)) }
        }
        return states
    }

    /// One of the states in which a power cut now may leave the disk.
    public func remains(using random: inout some RandomNumberGenerator) -> CrashingDisk {
        var medium = durable
        let beginning = Int.random(in: 0...pending.count, using: &random)
        let isInOrder = Bool.random(using: &random)
        for (number, change) in pending.enumerated()
        where isInOrder ? number < beginning : Bool.random(using: &random) {
            change.apply(to: &medium)
        }
        medium.dropLost()
        return copy(medium)
    }

    private func choices(seed: UInt64) -> [[Bool]] {
        let count = pending.count
        guard count > 8 else {
            return (0..<1 << count).map { bits in (0..<count).map { bits >> $0 & 1 == 1 } }
        }
        let places = Array(0..<count)
        let beginnings = (0...count).map { length in places.map { $0 < length } }
        let alone = places.map { one in places.map { $0 == one } }
        let without = places.map { one in places.map { $0 != one } }
        var random = Xorshift(seed: seed)
        let sample = (0..<200).map { _ in places.map { _ in Bool.random(using: &random) } }
        return beginnings + alone + without + sample
    }

    // MARK: Calls

    /// What was done in a directory that is going is as durable as its going.
    func moveUp(_ directory: String) {
        pending = pending.map { change in
            guard case .names(let names, let files, var directories) = change,
                directories.remove(directory) != nil
            else { return change }
            directories.insert(parent(directory))
            return .names(names, files: files, directories: directories)
        }
    }

    /// Notes a call and does it; in the call of the cut, as far as it may come.
    func change(_ words: String, _ path: String, _ changes: [Pending]) throws(SlotError) {
        try refuseWithoutPower(path)
        for change in changes {
            change.apply(to: &live)
            pending.append(change)
        }
        try note(words, path)
    }

    func sync(_ words: String, _ path: String, _ done: (inout Pending) -> Bool) throws(SlotError) {
        try refuseWithoutPower(path)
        try note(words, path)
        var left: [Pending] = []
        for var change in pending {
            if done(&change) { change.apply(to: &durable) } else { left.append(change) }
        }
        pending = left
    }

    /// What was done to variables is done.
    func settleVariables() {
        for case .variable(let file, let path, let bytes) in pending {
            Pending.variable(file: file, path: path, bytes: bytes).apply(to: &durable)
        }
        pending.removeAll { change in
            switch change {
            case .variable: true
            case .names(let names, _, _): names.keys.allSatisfy { isVariable($0) }
            case .piece, .length: false
            }
        }
    }

    private func note(_ words: String, _ path: String) throws(SlotError) {
        if keepsCalls { calls.append("\(words) \(path)") }
        onCall?("\(words) \(path)")
        let isCut = keepsCalls && calls.count - 1 == cut
        // Whoever is told of the call may have switched it off.
        guard !isCut, isOn, !(powerFails?() ?? false) else {
            isOn = false
            throw .failed(operation: words, path: path, reason: "the power fails")
        }
    }

    /// Nothing can be done to it any more.
    public func switchOff() { isOn = false }

    func refuseWithoutRoom(_ path: String) throws(SlotError) {
        guard !isFull || path.hasPrefix("/dev/") else { throw .full(path: path) }
    }

    func refuseWithoutPower(_ path: String) throws(SlotError) {
        guard isOn else { throw .failed(operation: "use", path: path, reason: "no power") }
    }

    func refuseImmutable(_ path: String) throws(SlotError) {
        guard !immutable.contains(path) else {
            throw .failed(operation: "change", path: path, reason: "Operation not permitted")
        }
    }

    func isVariable(_ path: String) -> Bool {
        firmware.map { path.hasPrefix("\($0)/") } == true
    }

    func newFile() -> Int {
        fileCount += 1
        return fileCount
    }

    func parent(_ path: String) -> String {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return end == path.startIndex ? "/" : String(path[..<end])
    }
}

/// A small generator of numbers, the same for the same seed.
public struct Xorshift: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    public mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
