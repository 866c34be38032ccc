public import Agent
public import Model

/// GRUB's environment block, with a `grub.cfg` that tries a slot as often as it says.
///
/// The variables are `good`, `try` and `tries_left`, behind a prefix if there is one; the rule that
/// the configuration of GRUB follows is in `packaging/grub/grub.cfg`: it writes one try less
/// *before* it loads, and boots `good` when it cannot write or does not know a value.
///
/// ## Order of writes
///
/// Each of ``arm(_:)``, ``confirm(_:)`` and ``disarm()`` is one write of the 1024 bytes where they
/// lie, then fsync, then a comparison with the medium.
///
/// - GRUB reads the medium by a list of blocks and replays no journal. A new file that is renamed
///   would be durable for Linux and invisible, old or empty for GRUB; so the file is never made
///   anew, truncated or renamed.
/// - All three variables lie in the first 512 bytes, and only those change: a write that would
///   change others is refused. A cut leaves the old sector or the new one, never a mixture.
/// - Nothing is armed before it: the agent has read the slot back before it calls ``arm(_:)``. A
///   cut before the write boots `good`, one behind it the trial, which GRUB counts down.
/// - ``confirm(_:)`` sets `good` and clears the trial in the same sector, so there is no moment
///   in which neither holds.
///
/// The file must lie on FAT or on ext4 on a plain partition: not on LVM, RAID, btrfs or ZFS, where
/// GRUB cannot write, and where Linux puts changed blocks elsewhere.
public struct GrubEnvironment: Bootloader {
    private let path: String
    private let variables: TrialVariables
    let booted: BootedSlot
    private let disk: any Disk

    /// - Parameters:
    ///   - path: Such as `/boot/grub/grubenv`; 1024 bytes, as `grub-editenv FILE create` makes it.
    ///   - prefix: Stands before the name of each of our variables.
    public init(
        path: String, prefix: String = "", booted: BootedSlot, on disk: any Disk = LinuxDisk()
    ) {
        self.path = path
        variables = TrialVariables(
            good: "\(prefix)good", trial: "\(prefix)try", tries: "\(prefix)tries_left", none: "",
            slots: Set(booted.slots.keys))
        self.booted = booted
        self.disk = disk
    }

    public func status() throws(SlotError) -> BootStatus {
        let values = try values(in: block())
        return BootStatus(
            booted: try booted.slot(), bootID: try booted.bootID(),
            confirmed: try variables.confirmed(in: values, of: path),
            trial: variables.trial(in: values))
    }

    public func arm(_ slot: SlotName) throws(SlotError) { try change(variables.arming(slot)) }

    public func confirm(_ slot: SlotName) throws(SlotError) {
        try change(variables.confirming(slot))
    }

    public func disarm() throws(SlotError) { try change(variables.disarming) }

    /// Writes a block anew in which `slot` is confirmed and nothing is on trial.
    ///
    /// For a file that is missing, damaged, or so full that ours do not fit into the first sector;
    /// other variables are kept when they can be read. A file that was missing or had another
    /// length is one that GRUB may not find until the file system is synced (`sync`): call this
    /// when a person is there, not in the course of an update.
    public func repair(confirming slot: SlotName) throws(SlotError) {
        let old = (try? read()).flatMap { try? GrubBlock(parsing: $0) } ?? GrubBlock()
        let bytes = try bytes(of: old, with: variables.confirming(slot))
        guard try disk.entry(path) == .file(length: Int64(GrubBlock.byteCount)) else {
            return try make(bytes)
        }
        try InPlaceFile.overwrite(path, with: bytes, on: disk)
    }

    private func make(_ bytes: [UInt8]) throws(SlotError) {
        let file = try disk.open(path, .make(permissions: 0o600))
        try file.allocate(length: Int64(bytes.count))
        try file.write(bytes, at: 0)
        try file.sync()
        try disk.syncDirectory(DurableFile.directory(of: path))
        try InPlaceFile.overwrite(path, with: bytes, on: disk)
    }

    private func change(_ changes: [String: String]) throws(SlotError) {
        let old = try read()
        let block = try parsed(old)
        let values = try values(in: block)
        _ = try variables.confirmed(in: values, of: path)
        let new = try bytes(of: block, with: values.merging(changes) { $1 })
        let sector = GrubBlock.sectorByteCount
        guard old[sector...] == new[sector...] else {
            throw .malformed(
                path: path,
                problem: "other variables behind its first 512 bytes would move; "
                    + "it must be repaired")
        }
        try InPlaceFile.overwrite(path, with: new, on: disk)
    }

    private func block() throws(SlotError) -> GrubBlock { try parsed(read()) }

    private func read() throws(SlotError) -> [UInt8] {
        try InPlaceFile.read(path, count: GrubBlock.byteCount + 1, on: disk)
    }

    private func parsed(_ bytes: [UInt8]) throws(SlotError) -> GrubBlock {
        do { return try GrubBlock(parsing: bytes) } catch { throw malformed(error) }
    }

    private func values(in block: GrubBlock) throws(SlotError) -> [String: String] {
        do { return try block.values(of: variables.names) } catch { throw malformed(error) }
    }

    private func bytes(
        of block: GrubBlock, with values: [String: String]
    ) throws(SlotError) -> [UInt8] {
        let slot = variables.slots.map(\.text.utf8.count).max() ?? 0
        let names = variables.names.map { $0.utf8.count + "=\n".utf8.count }.reduce(0, +)
        // Two slots, one digit, and a comment of at least three bytes.
        let room = names + 2 * slot + 1 + 3
        do {
            return try block.bytes(names: variables.names, values: values, roomByteCount: room)
        } catch { throw malformed(error) }
    }

    private func malformed(_ error: GrubBlock.Malformed) -> SlotError {
        .malformed(path: path, problem: "\(error.problem); it must be repaired")
    }
}
