import Agent
import AgentSupport
import SimulatedDisk
import Slots
import Testing

/// The disk that other tests trust to be unkind is unkind.
@Suite struct CrashingDiskTests {
    private let disk = CrashingDisk()
    private let old = [UInt8](repeating: 1, count: 1024)
    private let new = [UInt8](repeating: 2, count: 1024)

    init() { disk.put("/d/file", old) }

    private func left(_ path: String = "/d/file", _ work: (CrashingDisk) throws -> Void) throws
        -> Set<[UInt8]?>
    {
        let disk = disk.copy()
        try work(disk)
        return Set(disk.states().map { $0.live.bytes(path) })
    }

    @Test func anUnsyncedWriteIsTornAtEverySector() throws {
        let half = [UInt8](repeating: 1, count: 512)
        let other = [UInt8](repeating: 2, count: 512)
        let left = try left { try $0.open("/d/file", .update).write(new, at: 0) }
        #expect(left == [old, new, half + other, other + half])
    }

    @Test func aSyncedWriteStays() throws {
        let left = try left {
            let file = try $0.open("/d/file", .update)
            try file.write(new, at: 0)
            try file.sync()
        }
        #expect(left == [new])
    }

    @Test func whatIsWrittenAfterASyncIsNotSynced() throws {
        let left = try left {
            let file = try $0.open("/d/file", .update)
            try file.sync()
            try file.write([7], at: 0)
        }
        #expect(left == [old, [7] + old.dropFirst()])
    }

    @Test(arguments: [(true, true, 1), (true, false, 2), (false, true, 2), (false, false, 2)])
    func aNameIsDurableAfterFileAndDirectory(file: Bool, directory: Bool, count: Int) throws {
        let left = try left("/d/new") {
            let open = try $0.open("/d/file", .read)
            try $0.rename("/d/file", to: "/d/new")
            if file { try open.sync() }
            if directory { try $0.syncDirectory("/d") }
        }
        #expect(left.count == count)
        #expect(left.contains(old))
    }

    @Test func aSyncBeforeTheRenameIsNoUse() throws {
        let left = try left("/d/new") {
            try $0.open("/d/file", .read).sync()
            try $0.syncDirectory("/d")
            try $0.rename("/d/file", to: "/d/new")
            try $0.syncDirectory("/d")
        }
        #expect(left == [nil, old])
    }

    @Test func aNewFileMayBeThereAndEmpty() throws {
        let left = try left("/d/new") {
            let file = try $0.open("/d/new", .create(permissions: 0o600))
            try file.write([1, 2], at: 0)
        }
        #expect(left == [nil, [], [1, 2]])
    }

    @Test func aRemovedFileMayComeBack() throws {
        #expect(try left { try $0.remove("/d/file") } == [nil, old])
        let gone = try left {
            try $0.remove("/d/file")
            try $0.syncDirectory("/d")
        }
        #expect(gone == [nil])
    }

    @Test func changesSurviveInAnyOrder() throws {
        disk.put("/d/second", old)
        let machine = disk.copy()
        try machine.open("/d/file", .update).write([7], at: 0)
        try machine.open("/d/second", .update).write([8], at: 0)
        let states = machine.states().map {
            [$0.live.bytes("/d/file")?.first, $0.live.bytes("/d/second")?.first]
        }
        #expect(Set(states) == [[1, 1], [7, 1], [1, 8], [7, 8]])
    }

    @Test func nothingWorksWithoutPower() throws {
        disk.cut = 1
        let file = try disk.open("/d/file", .update)
        try file.write([7], at: 0)
        #expect(throws: SlotError.self) { try file.sync() }
        #expect(!disk.isOn)
        #expect(throws: SlotError.self) { try file.write([8], at: 0) }
        #expect(throws: SlotError.self) { try file.read(at: 0, maximum: 1) }
        #expect(throws: SlotError.self) { try disk.rename("/d/file", to: "/d/x") }
        #expect(throws: SlotError.self) { try disk.entry("/d/file") }
        #expect(disk.calls == ["write /d/file", "sync /d/file"])
        #expect(Set(disk.states().map { $0.live.bytes("/d/file")?.first }) == [1, 7])
    }

    @Test func variablesAreWholeAndDurable() throws {
        disk.firmware = "/efi"
        disk.put("/efi/x", old)
        let wrote = try left("/efi/x") { try $0.open("/efi/x", .update).write([7], at: 0) }
        #expect(wrote == [[7]])
        #expect(try left("/efi/x") { try $0.remove("/efi/x") } == [nil])
        #expect(throws: SlotError.self) { try disk.open("/efi/x", .update).sync() }
    }

    /// Many at once are sampled: always the same ones, and never all.
    @Test func aSampleIsReproducible() throws {
        let big = [UInt8](repeating: 2, count: 16384)
        disk.put("/d/big", [UInt8](repeating: 1, count: 16384))
        let machine = disk.copy()
        try machine.open("/d/big", .update).write(big, at: 0)
        let states = machine.states(seed: 4).map(\.live)
        #expect(states.count > 250)
        #expect(states == machine.states(seed: 4).map(\.live))
        #expect(states.contains { $0.bytes("/d/big") == big })
    }

    @Test func directoriesGoWithWhatIsInThem() throws {
        try disk.makeDirectory("/d/sub", permissions: 0o700)
        _ = try disk.open("/d/sub/x", .create(permissions: 0o600))
        try disk.rename("/d/sub", to: "/d/moved")
        #expect(try disk.names(in: "/d").sorted() == ["file", "moved"])
        #expect(try disk.names(in: "/d/moved") == ["x"])
        #expect(throws: SlotError.self) { try disk.removeDirectory("/d/moved") }
        #expect(throws: SlotError.missing(path: "/d/no/x")) {
            try disk.open("/d/no/x", .create(permissions: 0o600))
        }
    }
}
