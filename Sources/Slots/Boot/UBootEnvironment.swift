public import Agent
public import Model

/// U-Boot's environment in files or on block devices, with a boot script that tries a slot as
/// often as it says.
///
/// The rule that the script follows is in `packaging/uboot/boot.cmd`: it writes one try less
/// *before* it loads, and boots the confirmed slot when it cannot write or does not know a value.
/// Flash memory (MTD, UBI) is for ``UBootTools``.
///
/// ## Order of writes
///
/// Each of ``arm(_:)``, ``confirm(_:)`` and ``disarm()`` stores all variables at once: one write of
/// a whole copy, fsync, and a comparison with the medium.
///
/// - With two copies, the one that is *not* in use is written, with the next counter. Until its
///   last sector is there its checksum is wrong, and U-Boot takes the other, old one; from then
///   on its counter makes it the newer one. The copy in use is never touched, so a cut at any
///   sector, in any order, leaves the old environment or the new one. A copy that an earlier cut
///   left half written is blotted out first, durably: sectors of this write could otherwise
///   complete what was given up then.
/// - With one copy, a cut between two sectors leaves a wrong checksum, and U-Boot falls back to
///   the environment that is built into it, which knows no slots. Such a store is refused
///   unless everything that it changes lies in one sector of 512 bytes, which disks write whole
///   or not at all, or unless the configuration accepts the risk.
/// - ``confirm(_:)`` sets the confirmed slot and clears the trial in the same store, so there is no
///   moment in which neither holds.
public struct UBootEnvironment: Bootloader {
    private let path: String
    private let config: UBootConfig
    private let variables: TrialVariables
    private let acceptsTornCopy: Bool
    let booted: BootedSlot
    private let disk: any Disk

    /// - Parameters:
    ///   - config: The path of a file such as `/etc/fw_env.config`.
    ///   - acceptsTornCopy: Whether an environment without a second copy is written although a
    ///     power cut may destroy it.
    public init(
        config path: String, variables: UBootVariables = UBootVariables(),
        acceptsTornCopy: Bool = false, booted: BootedSlot, on disk: any Disk = LinuxDisk()
    ) throws(SlotError) {
        config = try UBootConfig(reading: path, on: disk)
        self.path = path
        self.variables = TrialVariables(variables, slots: Set(booted.slots.keys))
        self.acceptsTornCopy = acceptsTornCopy
        self.booted = booted
        self.disk = disk
    }

    public func status() throws(SlotError) -> BootStatus {
        let values = try active().block.values(of: variables.names)
        return BootStatus(
            booted: try booted.slot(), bootID: try booted.bootID(),
            confirmed: try variables.confirmed(in: values, of: config.copies[0].device),
            trial: variables.trial(in: values))
    }

    public func arm(_ slot: SlotName) throws(SlotError) { try change(variables.arming(slot)) }

    public func confirm(_ slot: SlotName) throws(SlotError) {
        try change(variables.confirming(slot))
    }

    public func disarm() throws(SlotError) { try change(variables.disarming) }

    /// Makes `slot` the confirmed one in an environment that says nothing of slots yet, or that has
    /// no valid copy; other variables are kept when they can be read.
    ///
    /// For when a person is there: what U-Boot had built in for other variables is not known here,
    /// so an environment that is made anew holds only ours.
    public func repair(confirming slot: SlotName) throws(SlotError) {
        let old = (try? active()) ?? Active(index: 0, block: Self.blank(isRedundant: isRedundant))
        var block = old.block
        block.set(try variables.confirming(slot))
        try store(block, besides: old.index)
    }

    private var isRedundant: Bool { config.isRedundant }

    private static func blank(isRedundant: Bool) -> UBootBlock {
        UBootBlock(counter: isRedundant ? 0 : nil)
    }

    /// The copy that U-Boot would use.
    private struct Active {
        let index: Int
        var block: UBootBlock
    }

    private func active() throws(SlotError) -> Active {
        let copies = try config.copies.map { copy throws(SlotError) in try read(copy) }
        switch (copies[0], copies.count > 1 ? copies[1] : copies[0]) {
        case (.success(let first), .success(let second)):
            return Self.isNewer(second.counter, than: first.counter)
                ? Active(index: 1, block: second) : Active(index: 0, block: first)
        case (.success(let first), .failure): return Active(index: 0, block: first)
        case (.failure, .success(let second)): return Active(index: 1, block: second)
        case (.failure(let error), .failure): throw malformed(error)
        }
    }

    /// Equal counters let the first copy win, as they do for U-Boot.
    private static func isNewer(_ second: UInt8?, than first: UInt8?) -> Bool {
        guard let second, let first else { return false }
        switch (first, second) {
        case (255, 0): return true
        case (0, 255): return false
        default: return second > first
        }
    }

    private func read(
        _ copy: UBootConfig.Copy
    ) throws(SlotError) -> Result<UBootBlock, UBootBlock.Malformed> {
        let bytes = try InPlaceFile.read(
            copy.device, at: copy.offset, count: copy.byteCount, on: disk)
        do { return .success(try UBootBlock(parsing: bytes, isRedundant: isRedundant)) } catch {
            return .failure(error)
        }
    }

    private func change(_ changes: [String: String]) throws(SlotError) {
        let old = try active()
        let values = old.block.values(of: variables.names)
        _ = try variables.confirmed(in: values, of: config.copies[0].device)
        guard values.merging(changes, uniquingKeysWith: { $1 }) != values else {
            return try sync()
        }
        var block = old.block
        block.set(changes)
        try store(block, besides: old.index)
    }

    /// An earlier call may have been killed between its write and its sync.
    private func sync() throws(SlotError) {
        for copy in config.copies { try disk.open(copy.device, .update).sync() }
    }

    private func store(_ block: UBootBlock, besides active: Int) throws(SlotError) {
        var block = block
        if let counter = block.counter { block.counter = counter &+ 1 }
        let copy = config.copies[isRedundant ? 1 - active : 0]
        let bytes: [UInt8]
        do { bytes = try block.bytes(count: copy.byteCount) } catch { throw malformed(error) }
        if !isRedundant, !acceptsTornCopy { try refuseTearing(bytes, in: copy) }
        if isRedundant, case .failure = try read(copy) { try blot(copy) }
        try InPlaceFile.overwrite(copy.device, at: copy.offset, with: bytes, on: disk)
    }

    /// Makes sure that what an earlier cut left half written cannot be completed by this write.
    private func blot(_ copy: UBootConfig.Copy) throws(SlotError) {
        let blank = [UInt8](repeating: 0, count: min(copy.byteCount, 512))
        try InPlaceFile.overwrite(copy.device, at: copy.offset, with: blank, on: disk)
    }

    private func refuseTearing(
        _ new: [UInt8], in copy: UBootConfig.Copy
    ) throws(SlotError) {
        let old = try InPlaceFile.read(
            copy.device, at: copy.offset, count: copy.byteCount, on: disk)
        let changed = new.indices.filter { $0 >= old.count || old[$0] != new[$0] }
        let sectors = Set(changed.map { (copy.offset + Int64($0)) / 512 })
        guard sectors.count <= 1 else {
            throw .malformed(
                path: path,
                problem: "it names one copy only, and a power cut in the middle of a write would "
                    + "destroy it: add a second copy, or accept that with \"accept_torn_copy\"")
        }
    }

    private func malformed(_ error: UBootBlock.Malformed) -> SlotError {
        .malformed(
            path: config.copies.map(\.device).joined(separator: " and "), problem: error.problem)
    }
}

extension TrialVariables {
    init(_ names: UBootVariables, slots: Set<SlotName>) {
        self.init(
            good: names.good, trial: names.trial, tries: names.tries, none: UBootVariables.none,
            slots: slots)
    }
}
