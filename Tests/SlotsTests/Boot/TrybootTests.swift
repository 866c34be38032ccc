import Agent
import AgentSupport
import Model
import SimulatedDisk
import Slots
import Testing

/// `autoboot.txt` and what a Raspberry Pi's firmware tells.
@Suite struct TrybootTests {
    private let disk: CrashingDisk

    init() throws { disk = try TrybootModel().factory() }

    private func bootloader(_ partitions: [String: Int] = ["a": 2, "b": 3]) throws -> Tryboot {
        var numbers: [SlotName: Int] = [:]
        for (name, number) in partitions { numbers[try slot(name)] = number }
        return Tryboot(
            autoboot: TrybootModel.path, partitions: numbers, note: TrybootModel.note,
            booted: try Machine.booted(on: disk), on: disk)
    }

    private var text: String {
        String(decoding: disk.live.bytes(TrybootModel.path) ?? [], as: UTF8.self)
    }

    @Test func armingWritesNothingToTheBootPartition() throws {
        let before = text
        try bootloader().arm(slot("b"))
        #expect(text == before)
        #expect(!disk.calls.contains("write \(TrybootModel.path)"))
        #expect(try bootloader().rebootArgument == "0 tryboot")
    }

    @Test func onlyTheRestartOfTheSameBootAsksForTheTrial() throws {
        #expect(try bootloader().rebootArgument == nil)
        try bootloader().arm(slot("b"))
        Machine.start("a", on: disk)
        #expect(try bootloader().rebootArgument == nil)
        try bootloader().arm(slot("b"))
        try bootloader().disarm()
        #expect(try bootloader().rebootArgument == nil)
    }

    @Test func confirmingExchangesTheNumbersInPlace() throws {
        disk.put(
            TrybootModel.path,
            "# ours\n[all]\ntryboot_a_b=1\nboot_partition=2 # now\n[tryboot]\nboot_partition=3\n"
                + "[pi5]\nboot_partition=9\n")
        try bootloader().confirm(slot("b"))
        #expect(
            text == "# ours\n[all]\ntryboot_a_b=1\nboot_partition=3\n[tryboot]\nboot_partition=2\n"
                + "[pi5]\nboot_partition=9\n\n\n\n\n\n\n")
        try bootloader().confirm(slot("a"))
        #expect(text.contains("[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]"))
    }

    @Test func numbersOfDifferentLengthsKeepTheLength() throws {
        let before = "tryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=12\n"
        disk.put(TrybootModel.path, before)
        try bootloader(["a": 2, "b": 12]).confirm(slot("b"))
        #expect(text == "tryboot_a_b=1\nboot_partition=12\n[tryboot]\nboot_partition=2\n")
    }

    @Test func aTrialOfAnotherPartitionIsPutRight() throws {
        let before = "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=7\n"
        disk.put(TrybootModel.path, before)
        try bootloader().arm(slot("b"))
        #expect(text == before.replacing("7", with: "3"))
        disk.put(TrybootModel.path, before)
        // One more digit takes the room of the last newline, and two more have none.
        try bootloader(["a": 2, "b": 33]).arm(slot("b"))
        #expect(text == before.replacing("7\n", with: "33"))
        disk.put(TrybootModel.path, String(before.dropLast()))
        let error = #expect(throws: SlotError.self) {
            try bootloader(["a": 2, "b": 33]).arm(slot("b"))
        }
        #expect("\(try #require(error))".contains("have no room for the partitions' numbers"))
    }

    @Test func theKernelAndTheFirmwareMustAgree() throws {
        disk.put("\(TrybootModel.told)/partition", [0, 0, 0, 3])
        let error = #expect(throws: SlotError.self) { try bootloader().status() }
        #expect(
            "\(try #require(error))".hasSuffix("the firmware, partition 3, says that slot b does"))
        disk.put("\(TrybootModel.told)/partition", [0, 3])
        #expect(throws: SlotError.self) { try bootloader().status() }
        disk.take("\(TrybootModel.told)/partition")
        disk.take("\(TrybootModel.told)/tryboot")
        #expect(try bootloader().status().booted.text == "a")
    }

    /// The data partition was made anew in the middle of a trial.
    @Test func aTrialWithoutItsNoteIsSpent() throws {
        #expect(try TrybootModel().boot(disk, argument: "0 tryboot") == "b")
        #expect(try bootloader().status().trial == .spent(slot("b")))
    }

    static let damaged = [
        ("", "tryboot_a_b is not 1 in [all]"),
        ("boot_partition=2\n[tryboot]\nboot_partition=3\n", "tryboot_a_b is not 1 in [all]"),
        ("tryboot_a_b=1\nboot_partition=2\n", "boot_partition is not in both"),
        ("tryboot_a_b=1\n[tryboot]\nboot_partition=2\n", "boot_partition is not in both"),
        ("tryboot_a_b=1\nboot_partition=x\n", "boot_partition in [all] is not a number"),
        ("tryboot_a_b=1\nboot_partition=-2\n", "boot_partition in [all] is not a number"),
        ("tryboot_a_b=1\nboot_partition=2\nboot_partition=3\n", "boot_partition is twice in [all]"),
        (
            "tryboot_a_b=1\nboot_partition=5\n[tryboot]\nboot_partition=3\n",
            "partition 5 in [all] is no slot's"
        ),
        (String(repeating: "#", count: 513), "it is longer than 512 bytes"),
        ("\u{0}\u{1}", "tryboot_a_b is not 1 in [all]"),
    ]

    @Test(arguments: damaged)
    func damageIsTold(text: String, problem: String) throws {
        disk.put(TrybootModel.path, text)
        let error = #expect(throws: SlotError.self) { try bootloader().status() }
        let said = "\(try #require(error))"
        #expect(said.contains(problem), "\(said)")
    }

    @Test func randomBytesAreATypedError() throws {
        var random = SeededNumbers(seed: 5)
        let good = Array(text.utf8)
        for _ in 0..<300 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                let place = Int.random(in: bytes.indices, using: &random)
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            disk.put(TrybootModel.path, bytes)
            do {
                try bootloader().confirm(slot("b"))
                #expect(disk.live.bytes(TrybootModel.path)?.count == good.count)
            } catch { #expect(error is SlotError) }
        }
    }

    /// A damaged note keeps no device from its updates.
    @Test(arguments: [
        "", "nonsense", "slot=b\nstage=armed\n", "slot=../b\nstage=armed\nboot_id=x\n",
    ])
    func aDamagedNoteIsNone(note: String) throws {
        disk.put(TrybootModel.note, note)
        #expect(try bootloader().status().trial == .none)
        #expect(try bootloader().rebootArgument == nil)
        try bootloader().arm(slot("b"))
        #expect(try bootloader().status().trial == .armed(slot("b")))
    }
}
