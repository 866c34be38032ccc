public import Agent
public import Model

/// The firmware of a Raspberry Pi as the bootloader: `autoboot.txt` for good, `tryboot` for a trial.
///
/// A restart with the argument `0 tryboot` boots the partition of the section `[tryboot]`, once: the
/// firmware clears that wish before it starts anything, and writes nothing. So nobody can tell after
/// a power cut whether there was a trial; a note on the data partition tells what was wanted.
///
/// ## Order of writes
///
/// ``arm(_:)``: `autoboot.txt` names the slot in `[tryboot]` (it nearly always does already), written
/// over where it lies, fsync, compared; then the note "armed in boot X" durable. The trial itself is
/// the restart with ``rebootArgument``.
///
/// | note | in boot | so the trial is | why |
/// |---|---|---|---|
/// | none | not a trial boot | none | nothing was wanted |
/// | none | a trial boot, of a slot that is not confirmed | spent | this is the trial; the note was lost |
/// | armed | X | armed | the restart of this boot will ask for it |
/// | armed | Y, running the slot | spent | this is the trial |
/// | armed | Y, running another | untold | cut before the restart, or the trial came back |
/// | of the confirmed slot | any | none | cut between the two writes of a confirm |
///
/// ``confirm(_:)``: one overwrite of `autoboot.txt` in place with the two numbers exchanged, fsync,
/// compared; then the note gone. The file has at most 512 bytes, is one sector, and keeps its length:
/// a cut leaves the old numbers or the new ones. Cut behind it, the note is about a slot that is
/// confirmed and means nothing.
///
/// ``disarm()``: the note gone. The wish itself is made by the restart, so there is none to take back.
public struct Tryboot: Bootloader {
    private let autoboot: String
    private let partitions: [SlotName: Int]
    private let deviceTree: String
    private let notePath: String
    private let booted: BootedSlot
    private let disk: any Disk

    /// - Parameters:
    ///   - autoboot: The path of `autoboot.txt`.
    ///   - partitions: The number of the partition that each slot boots from.
    ///   - note: A file on the data partition.
    ///   - deviceTree: Where the firmware tells what it did.
    public init(
        autoboot: String, partitions: [SlotName: Int], note: String, booted: BootedSlot,
        deviceTree: String = "/proc/device-tree/chosen/bootloader",
        on disk: any Disk = LinuxDisk()
    ) {
        self.autoboot = autoboot
        self.partitions = partitions
        self.deviceTree = deviceTree
        notePath = note
        self.booted = booted
        self.disk = disk
    }

    public func status() throws(SlotError) -> BootStatus {
        let booted = try bootedSlot()
        let boot = try self.booted.bootID()
        let file = try file()
        guard let confirmed = slot(of: file.normal) else {
            throw .malformed(
                path: autoboot, problem: "partition \(file.normal) in [all] is no slot's")
        }
        return BootStatus(
            booted: booted, bootID: boot, confirmed: confirmed,
            trial: try trial(booted: booted, in: boot, confirmed: confirmed))
    }

    /// The table above.
    private func trial(
        booted: SlotName, in boot: BootID, confirmed: SlotName
    ) throws(SlotError) -> BootStatus.Trial {
        guard let note = try TrialNote.read(notePath, on: disk) else {
            let isTrial = try told("tryboot") == 1 && booted != confirmed
            return isTrial ? .spent(booted) : .none
        }
        guard note.slot != confirmed, partitions[note.slot] != nil else { return .none }
        guard note.bootID != boot else { return .armed(note.slot) }
        return booted == note.slot ? .spent(note.slot) : .untold(note.slot)
    }

    private func bootedSlot() throws(SlotError) -> SlotName {
        guard let partition = try told("partition"), let slot = slot(of: Int(partition)) else {
            return try booted.slot()
        }
        return try booted.slot(besides: [
            BootedSlot.Evidence(source: "the firmware, partition \(partition),", slot: slot)
        ])
    }

    /// `0 tryboot` while a trial is armed in this boot; any other restart must boot what is good.
    public var rebootArgument: String? {
        let note = try? TrialNote.read(notePath, on: disk)
        guard let note, note.bootID == (try? booted.bootID()) else { return nil }
        return "0 tryboot"
    }

    public func arm(_ slot: SlotName) throws(SlotError) {
        let partition = try partition(of: slot)
        let file = try file()
        guard file.normal != partition else {
            throw .malformed(path: autoboot, problem: "slot \(slot) boots already, without a trial")
        }
        try write(file, normal: file.normal, trial: partition)
        let boot = try booted.bootID()
        try TrialNote(slot: slot, stage: .armed, bootID: boot).save(notePath, on: disk)
    }

    public func confirm(_ slot: SlotName) throws(SlotError) {
        let partition = try partition(of: slot)
        let file = try file()
        let other = file.normal == partition ? file.trial : file.normal
        try write(file, normal: partition, trial: other)
        try DurableFile.remove(notePath, on: disk)
    }

    public func disarm() throws(SlotError) { try DurableFile.remove(notePath, on: disk) }

    private func partition(of slot: SlotName) throws(SlotError) -> Int {
        guard let partition = partitions[slot] else { throw .missing(path: "slot \(slot)") }
        return partition
    }

    private func slot(of partition: Int) -> SlotName? {
        partitions.first { $0.value == partition }?.key
    }

    private func file() throws(SlotError) -> AutobootFile {
        let bytes = try InPlaceFile.read(
            autoboot, count: AutobootFile.maximumByteCount + 1, on: disk)
        do { return try AutobootFile(parsing: bytes) } catch {
            throw .malformed(path: autoboot, problem: error.problem)
        }
    }

    private func write(
        _ file: AutobootFile, normal: Int, trial: Int
    ) throws(SlotError) {
        let bytes: [UInt8]
        do { bytes = try file.bytes(normal: normal, trial: trial) } catch {
            throw .malformed(path: autoboot, problem: error.problem)
        }
        try InPlaceFile.overwrite(autoboot, with: bytes, on: disk)
    }

    /// A number of the device tree, four bytes with the highest first; `nil` when it is not there,
    /// as with firmware that is older than it.
    private func told(_ name: String) throws(SlotError) -> UInt32? {
        let path = "\(deviceTree)/\(name)"
        guard let bytes = try DurableFile.read(path, on: disk) else { return nil }
        guard bytes.count == 4 else {
            throw .malformed(path: path, problem: "it is not a number of four bytes")
        }
        return bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }
}
