import Agent
import AgentSupport
import Model
import SimulatedDisk
import Slots
import Testing

/// The names and texts of boot loader entries.
@Suite struct SystemdBootTests {
    private let disk: CrashingDisk
    private let folder = SystemdModel.folder

    init() throws { disk = try SystemdModel().factory() }

    private func bootloader() throws -> any Bootloader { try SystemdModel().bootloader(on: disk) }

    private var names: [String] {
        get throws { try disk.names(in: folder).sorted() }
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try #require(disk.live.bytes("\(folder)/\(name)")), as: UTF8.self)
    }

    /// Of each state of the table in the documentation, and of a whole circle of it.
    @Test func theEntriesAreNamedByTheTable() throws {
        try bootloader().disarm()
        #expect(try names == ["slipway-a.conf", "slipway-b+0-0.conf"])
        try bootloader().arm(slot("b"))
        #expect(try names == ["slipway-a.conf", "slipway-b+1-0.conf"])
        #expect(try text("slipway-b+1-0.conf").hasSuffix("options slipway.slot=b\nversion 6\n"))
        #expect(try SystemdModel().boot(disk, argument: nil) == "b")
        #expect(try names == ["slipway-a.conf", "slipway-b+0-1.conf"])
        try bootloader().confirm(slot("b"))
        #expect(try names == ["slipway-a.conf", "slipway-b.conf"])
        try bootloader().arm(slot("a"))
        #expect(try names == ["slipway-a+1-0.conf", "slipway-b.conf"])
        #expect(try text("slipway-a+1-0.conf").contains("\nversion 7\n"))
        try bootloader().disarm()
        #expect(try names == ["slipway-a+0-0.conf", "slipway-b.conf"])
    }

    @Test func theVersionRisesOnlyWhenItMust() throws {
        for _ in 0..<3 {
            try bootloader().arm(slot("b"))
            try bootloader().disarm()
        }
        #expect(try text("slipway-b+0-0.conf").contains("version 6\n"))
    }

    @Test func allOtherLinesStay() throws {
        try bootloader().arm(slot("b"))
        let lines = Set(try text("slipway-b+1-0.conf").split(separator: "\n"))
        #expect(
            lines.isSuperset(of: [
                "# slot b", "title Slot b", "sort-key slipway", "linux /b/linux",
                "options slipway.slot=b",
            ]))
    }

    @Test func theConfirmedEntryIsNeverTouched() throws {
        let before = try text("slipway-a.conf")
        try bootloader().arm(slot("b"))
        try bootloader().disarm()
        try bootloader().arm(slot("b"))
        #expect(try SystemdModel().boot(disk, argument: nil) == "b")
        try bootloader().confirm(slot("b"))
        #expect(try text("slipway-a.conf") == before)
    }

    @Test func entriesOfOthersAreNobodysBusiness() throws {
        disk.put("\(folder)/other+3.conf", "version 99\n")
        disk.put("\(folder)/slipway-b.conf.new", "half")
        disk.put("\(folder)/slipway-c.conf", "")
        try bootloader().arm(slot("b"))
        #expect(try bootloader().status().trial == .armed(slot("b")))
        #expect(try text("other+3.conf") == "version 99\n")
    }

    @Test(arguments: [
        ("slipway-b+3.conf", "slot b has both slipway-b+3.conf and slipway-b.conf"),
        ("slipway-b+0-1.conf", "slot b has both slipway-b+0-1.conf and slipway-b.conf"),
        ("slipway-a+1-0.conf", "slot a has both slipway-a+1-0.conf and slipway-a.conf"),
    ])
    func twoEntriesOfOneSlotAreRefused(name: String, problem: String) throws {
        disk.put("\(folder)/\(name)", SystemdModel.entry("b", version: 9))
        let before = disk.live
        for call in [
            { try bootloader().arm(slot("b")) }, { try bootloader().confirm(slot("b")) },
            { try bootloader().disarm() }, { _ = try bootloader().status() },
        ] {
            #expect(throws: SlotError.malformed(path: folder, problem: problem)) { try call() }
        }
        #expect(disk.live == before)
    }

    @Test func whatWouldNotSortIsRefused() throws {
        disk.put("\(folder)/slipway-b.conf", "sort-key other\nversion 4\n")
        #expect(throws: SlotError.self) { try bootloader().arm(slot("b")) }
        disk.put("\(folder)/slipway-b.conf", "version 4\n")
        disk.put("\(folder)/slipway-a.conf", "version 5\n")
        let error = #expect(throws: SlotError.self) { try bootloader().arm(slot("b")) }
        #expect("\(try #require(error))".contains("it has no sort-key"))
    }

    @Test func aMissingEntryIsNamed() throws {
        disk.take("\(folder)/slipway-b.conf")
        #expect(throws: SlotError.missing(path: "\(folder)/slipway-b.conf")) {
            try bootloader().arm(slot("b"))
        }
        disk.take("\(folder)/slipway-a.conf")
        let error = #expect(throws: SlotError.self) { try bootloader().status() }
        #expect("\(try #require(error))".contains("no slot has an entry without a count"))
    }

    @Test func anEmptyEntryIsTold() throws {
        disk.put("\(folder)/slipway-b.conf", "")
        #expect(
            throws: SlotError.malformed(
                path: "\(folder)/slipway-b.conf", problem: "it is empty")
        ) { try bootloader().status() }
    }

    @Test func confirmedEntriesNeedNoTrial() throws {
        #expect(throws: SlotError.self) { try bootloader().arm(slot("a")) }
    }

    @Test(arguments: [
        ("slipway-b+1-0.conf", 6, "armed"), ("slipway-b+3.conf", 6, "armed"),
        ("slipway-b+2-1.conf", 6, "armed"), ("slipway-b+0-1.conf", 6, "spent"),
        ("slipway-b+0-0.conf", 6, "none"), ("slipway-b.conf", 4, "none"),
        // It sorts behind the confirmed entry, so it is not tried.
        ("slipway-b+1-0.conf", 4, "none"),
    ])
    func tellsWhatTheNamesSay(name: String, version: Int, trial: String) throws {
        disk.take("\(folder)/slipway-b.conf")
        disk.put("\(folder)/\(name)", SystemdModel.entry("b", version: version))
        let b = try slot("b")
        let expected: [String: BootStatus.Trial] = [
            "armed": .armed(b), "spent": .spent(b), "none": .none,
        ]
        let status = try bootloader().status()
        #expect(status.trial == expected[trial])
        #expect(status.confirmed.text == "a")
    }

    /// The entry with the newest version is the confirmed one, whichever slot's it is.
    @Test func versionsAreOrderedAsTheLoaderDoes() throws {
        let ordered = ["1~rc1", "1", "1-1", "1^post", "1.a", "1.0", "1.2", "1.02.1", "1.10", "2"]
        for (place, older) in ordered.enumerated() {
            for newer in ordered[(place + 1)...] {
                for (first, second, name) in [(older, newer, "b"), (newer, older, "a")] {
                    disk.put("\(folder)/slipway-a.conf", "sort-key s\nversion \(first)\n")
                    disk.put("\(folder)/slipway-b.conf", "sort-key s\nversion \(second)\n")
                    #expect(
                        try bootloader().status().confirmed.text == name, "\(first), \(second)")
                }
            }
        }
    }

    /// Of equal versions, the later name is first.
    @Test(arguments: [("1.0", "1.00"), ("5", "05"), ("x", "x"), ("a b", "a/b"), ("", "")])
    func equalVersionsAreOrderedByName(one: String, other: String) throws {
        disk.put("\(folder)/slipway-a.conf", "sort-key s\nversion \(one)\n")
        disk.put("\(folder)/slipway-b.conf", "sort-key s\nversion \(other)\n")
        #expect(try bootloader().status().confirmed.text == "b")
    }

    @Test(arguments: [
        ("5", "6"), ("9", "10"), ("1.199", "1.200"), ("6.1.0-13-amd64", "6.1.0-13-amd64.1"),
        ("2024.12", "2024.13"), ("99999999999999999999", "100000000000000000000"), ("v", "v.1"),
        ("", ".1"),
    ])
    func theNextVersionIsNewer(version: String, next: String) throws {
        disk.put("\(folder)/slipway-a.conf", "sort-key s\nversion \(version)\n")
        disk.put("\(folder)/slipway-b+0-0.conf", "sort-key s\nversion ~\n")
        disk.take("\(folder)/slipway-b.conf")
        try bootloader().arm(slot("b"))
        #expect(try text("slipway-b+1-0.conf") == "sort-key s\nversion \(next)\n")
        #expect(try bootloader().status().trial == .armed(slot("b")))
    }

    @Test func randomNamesAndTextsAreATypedError() throws {
        var random = SeededNumbers(seed: 11)
        let signs = Array("slipway-ab+0123456789-.conf~^".utf8)
        for _ in 0..<300 {
            let disk = try SystemdModel().factory()
            let length = Int.random(in: 0...12, using: &random)
            let tail = (0..<length).map { _ in signs[Int.random(in: signs.indices, using: &random)]
            }
            let content = (0..<50).map { _ in UInt8.random(in: 0...255, using: &random) }
            let name = "slipway-b\(String(decoding: tail, as: UTF8.self)).conf"
            disk.put("\(folder)/\(name)", content)
            let bootloader = try SystemdModel().bootloader(on: disk)
            do {
                _ = try bootloader.status()
                try bootloader.arm(slot("b"))
            } catch { #expect(error is SlotError) }
        }
    }
}
