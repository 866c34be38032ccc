import Agent
import AgentSupport
import Foundation
import Model
import SimulatedDisk
import Slots
import Testing

/// The firmware's variables, byte by byte.
@Suite struct EFIBootNextTests {
    private let disk: CrashingDisk

    init() throws { disk = try EFIModel().factory() }

    private func bootloader() throws -> any Bootloader { try EFIModel().bootloader(on: disk) }

    private func bytes(_ name: String) -> [UInt8]? { disk.live.bytes(EFIModel.path(name)) }

    @Test func setsOneVariableWithOneWrite() throws {
        try bootloader().arm(slot("b"))
        #expect(bytes("BootNext") == [7, 0, 0, 0, 0x2a, 0])
        #expect(disk.calls.filter { $0.hasPrefix("write \(EFIModel.folder)") }.count == 1)
    }

    @Test func theNoteIsWrittenBeforeAndAfter() throws {
        try bootloader().arm(slot("b"))
        let steps = disk.calls.filter { $0.contains("boot-trial ") || $0.hasPrefix("write") }
        #expect(
            steps.filter { !$0.contains(".new") } == ["write \(EFIModel.path("BootNext"))"])
        #expect(
            disk.calls.filter { $0.hasPrefix("rename") }
                == Array(repeating: "rename \(EFIModel.note).new to \(EFIModel.note)", count: 2))
        #expect(
            disk.live.bytes(EFIModel.note).map { String(decoding: $0, as: UTF8.self) }
                == "boot_id=boot-1\nslot=b\nstage=armed\n")
    }

    /// The file of the order is immutable, as the kernel makes it.
    @Test func putsTheSlotFirstInTheOrder() throws {
        #expect(disk.immutable.contains(EFIModel.path("BootOrder")))
        try bootloader().confirm(slot("b"))
        #expect(bytes("BootOrder") == [7, 0, 0, 0, 0x2a, 0, 7, 0, 1, 0])
        try bootloader().confirm(slot("b"))
        #expect(disk.calls.filter { $0.hasPrefix("write") }.count == 1)
    }

    @Test func forgetsWhatTheFirmwareIsToBootNext() throws {
        try bootloader().arm(slot("b"))
        try bootloader().disarm()
        #expect(bytes("BootNext") == nil)
        #expect(disk.live.bytes(EFIModel.note) == nil)
        try bootloader().arm(slot("b"))
        try bootloader().confirm(slot("a"))
        #expect(bytes("BootNext") == nil)
    }

    struct Row: CustomTestStringConvertible {
        let next: Bool
        let note: String?
        let isSameBoot: Bool
        let runs: String
        let trial: String
        var testDescription: String {
            "BootNext \(next), note \(note ?? "none"), same boot \(isSameBoot), runs \(runs)"
        }
    }

    /// The table of the documentation.
    static let table = [
        Row(next: true, note: nil, isSameBoot: true, runs: "a", trial: "armed"),
        Row(next: true, note: "intent", isSameBoot: true, runs: "a", trial: "armed"),
        Row(next: true, note: "armed", isSameBoot: false, runs: "a", trial: "armed"),
        Row(next: false, note: nil, isSameBoot: true, runs: "a", trial: "none"),
        Row(next: false, note: "intent", isSameBoot: true, runs: "a", trial: "none"),
        Row(next: false, note: "intent", isSameBoot: false, runs: "b", trial: "spent"),
        Row(next: false, note: "intent", isSameBoot: false, runs: "a", trial: "untold"),
        Row(next: false, note: "armed", isSameBoot: true, runs: "a", trial: "none"),
        Row(next: false, note: "armed", isSameBoot: false, runs: "a", trial: "spent"),
        Row(next: false, note: "armed", isSameBoot: false, runs: "b", trial: "spent"),
        Row(next: false, note: "nonsense", isSameBoot: false, runs: "a", trial: "none"),
    ]

    @Test(arguments: table)
    func tellsWhatVariablesAndNoteSay(row: Row) throws {
        if row.next { disk.put(EFIModel.path("BootNext"), [7, 0, 0, 0, 0x2a, 0]) }
        if let note = row.note {
            let boot = row.isSameBoot ? "boot-2" : "boot-1"
            disk.put(EFIModel.note, "boot_id=\(boot)\nslot=b\nstage=\(note)\n")
        }
        Machine.start(row.runs, on: disk)
        disk.put(EFIModel.path("BootCurrent"), [6, 0, 0, 0, row.runs == "a" ? 1 : 0x2a, 0])
        let b = try slot("b")
        let expected: [String: BootStatus.Trial] = [
            "armed": .armed(b), "spent": .spent(b), "untold": .untold(b), "none": .none,
        ]
        #expect(try bootloader().status().trial == expected[row.trial])
        try bootloader().confirm(b)
        #expect(try bootloader().status().trial == .none)
    }

    @Test func theKernelAndTheFirmwareMustAgree() throws {
        disk.put(EFIModel.path("BootCurrent"), [6, 0, 0, 0, 0x2a, 0])
        let error = #expect(throws: SlotError.self) { try bootloader().status() }
        #expect(
            "\(try #require(error))".hasSuffix("and BootCurrent, Boot002A, says that slot b does"))
        // Booted by an entry that is no slot's, or by firmware that does not say.
        disk.put(EFIModel.path("BootCurrent"), [6, 0, 0, 0, 7, 0])
        #expect(try bootloader().status().booted.text == "a")
        disk.take(EFIModel.path("BootCurrent"))
        #expect(try bootloader().status().booted.text == "a")
    }

    @Test(arguments: [
        ("BootOrder", [7, 0, 0, 0, 1], "it holds half a number"),
        ("BootOrder", [7, 0, 0], "a variable does not have 3 bytes"),
        ("BootOrder", [7, 0, 0, 0, 7, 0], "the boot entry of no slot is in it"),
        ("BootNext", [7, 0, 0, 0, 1, 0, 2, 0], "it holds 2 numbers"),
        ("BootCurrent", [6, 0, 0, 0], "it holds 0 numbers"),
        ("BootNext", [UInt8](repeating: 0, count: 5000), "a variable does not have 4096 bytes"),
    ])
    func damageIsTold(name: String, bytes: [UInt8], problem: String) throws {
        disk.put(EFIModel.path(name), bytes)
        #expect(
            throws: SlotError.malformed(path: EFIModel.path(name), problem: problem)
        ) { try bootloader().status() }
    }

    @Test func aSlotWithoutAnEntryIsNotArmed() throws {
        disk.take(EFIModel.path("Boot002A"))
        #expect(throws: SlotError.missing(path: EFIModel.path("Boot002A"))) {
            try bootloader().arm(slot("b"))
        }
        #expect(bytes("BootNext") == nil)
        #expect(disk.live.bytes(EFIModel.note) == nil)
    }

    @Test func aMachineWithoutVariablesIsTold() throws {
        disk.take(EFIModel.path("BootOrder"))
        let error = #expect(throws: SlotError.self) { try bootloader().status() }
        #expect("\(try #require(error))".contains("the boot entry of no slot is in it"))
    }

    /// On a real file system: it takes a flag that is there away, and misses none.
    @Test func theFlagIsTakenFromRealFiles() throws {
        let folder = try TemporaryFolder()
        try folder.write("x", to: "variable")
        let path = "\(folder.path)/variable"
        try LinuxDisk().clearImmutableFlag(path)
        let flagged = try run("/usr/bin/env", "chattr", "+i", path)
        guard flagged.status == 0 else {
            return withKnownIssue("no flag can be set here: \(flagged.error)") {
                Issue.record("the flag was not tried")
            }
        }
        defer { _ = try? run("/usr/bin/env", "chattr", "-i", path) }
        #expect(throws: SlotError.self) { try LinuxDisk().open(path, .update) }
        try LinuxDisk().clearImmutableFlag(path)
        _ = try LinuxDisk().open(path, .update)
    }
}
