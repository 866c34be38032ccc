public import Agent
public import Model

/// The firmware of a UEFI machine as the bootloader: `BootNext` for a trial, `BootOrder` for good.
///
/// Each slot has a boot entry of its own, `Boot0001` and so on. The firmware deletes `BootNext`
/// before it boots what that names, so a trial is one boot, and nothing of the firmware tells
/// afterwards that there was one: a note on the data partition does.
///
/// ## Order of writes
///
/// ``arm(_:)``: the note "intent in boot X" durable; `BootNext`; read back; the note "armed in boot
/// X" durable. What a later boot Y finds when the power was cut, or not, in between:
///
/// | `BootNext` | note | in boot | so the trial is | why |
/// |---|---|---|---|---|
/// | the slot | any | any | armed | the firmware will boot it next |
/// | none | none | any | none | nothing was begun, or everything was forgotten |
/// | none | intent | X | none | the agent was killed before it told the firmware |
/// | none | intent | Y, running the slot | spent | this is the trial |
/// | none | intent | Y, running another | untold | cut before `BootNext`, or the trial came back before the second note |
/// | none | armed | X | none | somebody took the trial back in this boot |
/// | none | armed | Y | spent | `BootNext` was read back, and only the firmware takes it away |
///
/// ``confirm(_:)``: `BootNext` gone, so that nothing else boots first; `BootOrder` with the slot first,
/// one write, read back; the note gone. Cut before `BootOrder`, the old order holds; cut behind it,
/// a note about a slot that is confirmed means nothing.
///
/// ``disarm()``: `BootNext` gone, then the note. Cut between the two, the note says spent, and whoever
/// wanted the trial forgotten asks again; the slot is written only after that.
///
/// Whether one write of a variable survives a power cut as a whole is up to the firmware.
public struct EFIBootNext: Bootloader {
    private let variables: EFIVariables
    private let numbers: [SlotName: UInt16]
    private let notePath: String
    private let booted: BootedSlot
    private let disk: any Disk

    /// - Parameters:
    ///   - folder: Where `efivarfs` is mounted.
    ///   - numbers: Of the boot entry of each slot: 1 is `Boot0001`.
    ///   - note: A file on the data partition.
    public init(
        folder: String = "/sys/firmware/efi/efivars", numbers: [SlotName: UInt16], note: String,
        booted: BootedSlot, on disk: any FlaggedDisk = LinuxDisk()
    ) {
        variables = EFIVariables(folder: folder, on: disk)
        self.numbers = numbers
        notePath = note
        self.booted = booted
        self.disk = disk
    }

    public func status() throws(SlotError) -> BootStatus {
        let booted = try bootedSlot()
        let bootID = try self.booted.bootID()
        let confirmed = try confirmed()
        return BootStatus(
            booted: booted, bootID: bootID, confirmed: confirmed,
            trial: try trial(booted: booted, in: bootID, confirmed: confirmed))
    }

    private func bootedSlot() throws(SlotError) -> SlotName {
        guard let current = try variables.number("BootCurrent"), let slot = slot(of: current)
        else { return try booted.slot() }
        return try booted.slot(besides: [
            BootedSlot.Evidence(source: "BootCurrent, \(Self.name(current)),", slot: slot)
        ])
    }

    private func confirmed() throws(SlotError) -> SlotName {
        let order = try variables.numbers("BootOrder") ?? []
        for number in order {
            if let slot = slot(of: number) { return slot }
        }
        throw .malformed(
            path: variables.path("BootOrder"), problem: "the boot entry of no slot is in it")
    }

    /// The table above.
    private func trial(
        booted: SlotName, in boot: BootID, confirmed: SlotName
    ) throws(SlotError) -> BootStatus.Trial {
        if let next = try variables.number("BootNext"), let slot = slot(of: next) {
            return .armed(slot)
        }
        guard let note = try TrialNote.read(notePath, on: disk), note.bootID != boot,
            note.slot != confirmed, numbers[note.slot] != nil
        else { return .none }
        switch note.stage {
        case .armed: return .spent(note.slot)
        case .intent: return booted == note.slot ? .spent(note.slot) : .untold(note.slot)
        }
    }

    public func arm(_ slot: SlotName) throws(SlotError) {
        let number = try number(of: slot)
        let boot = try booted.bootID()
        try TrialNote(slot: slot, stage: .intent, bootID: boot).save(notePath, on: disk)
        try variables.set("BootNext", to: [number])
        try TrialNote(slot: slot, stage: .armed, bootID: boot).save(notePath, on: disk)
    }

    public func confirm(_ slot: SlotName) throws(SlotError) {
        let number = try number(of: slot)
        try variables.remove("BootNext")
        let order = try variables.numbers("BootOrder") ?? []
        if order.first != number {
            try variables.set("BootOrder", to: [number] + order.filter { $0 != number })
        }
        try DurableFile.remove(notePath, on: disk)
    }

    public func disarm() throws(SlotError) {
        try variables.remove("BootNext")
        try DurableFile.remove(notePath, on: disk)
    }

    private func slot(of number: UInt16) -> SlotName? {
        numbers.first { $0.value == number }?.key
    }

    /// - Throws: ``SlotError/missing(path:)`` when the firmware has no such boot entry.
    private func number(of slot: SlotName) throws(SlotError) -> UInt16 {
        guard let number = numbers[slot] else { throw .missing(path: "slot \(slot)") }
        let name = Self.name(number)
        guard try variables.exists(name) else { throw .missing(path: variables.path(name)) }
        return number
    }

    /// Such as `Boot000A`.
    private static func name(_ number: UInt16) -> String {
        let digits = String(number, radix: 16, uppercase: true)
        return "Boot" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
