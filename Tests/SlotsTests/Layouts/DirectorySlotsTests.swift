import Agent
import Foundation
import Model
import Slots
import TestSupport
import Testing

@Suite struct DirectorySlotsTests {
    private let folder: TemporaryFolder
    private let slots: DirectorySlots
    private let b: SlotName

    init() throws {
        folder = try TemporaryFolder()
        b = try slot("b")
        slots = DirectorySlots(
            folder: folder.path, recordFolder: "\(folder.path)/slots",
            options: DirectorySlots.Options(maximumBytes: 100_000, maximumEntries: 20))
    }

    private func install(_ archive: [UInt8], in other: DirectorySlots? = nil) throws -> Payload {
        let tar = Payload(.tar, of: archive)
        return try (other ?? slots).install(archive, tar, in: b)
    }

    static let tree = Tar().directory("./").directory("bin").file(
        "bin/run", "#!/bin/sh\n", mode: 0o755
    )
    .file("data/deep/er.txt", "text", mode: 0o600).link("now", to: "data/deep")
    .link("bin/up", to: "../data/./deep/er.txt").hardLink("copy", to: "bin/run")
    .file("Grüße", "", mode: 0o644)

    @Test func unpacksWhatTheArchiveHolds() throws {
        let payload = try install(Self.tree.archive)
        #expect(try folder.text(of: "versions/b/bin/run") == "#!/bin/sh\n")
        #expect(try folder.permissions(of: "versions/b/bin/run") == 0o755)
        #expect(try folder.permissions(of: "versions/b/data/deep/er.txt") == 0o600)
        #expect(try folder.text(of: "versions/b/now/er.txt") == "text")
        #expect(try folder.text(of: "versions/b/bin/up") == "text")
        #expect(try folder.text(of: "versions/b/copy") == "#!/bin/sh\n")
        #expect(try folder.permissions(of: "versions/b/copy") == 0o755)
        #expect(folder.has("versions/b/Grüße"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/versions") == ["b"])
        #expect(try slots.holds(payload, in: b))
    }

    @Test(arguments: ["gzip", "zstd", "xz"])
    func undoesTheCompression(program: String) throws {
        _ = try install(filtered(Self.tree.archive, by: program, "-c"))
        #expect(try folder.text(of: "versions/b/data/deep/er.txt") == "text")
    }

    @Test func theArchiveOfTheRealProgramIsUnpacked() throws {
        let source = try TemporaryFolder()
        let long = String(repeating: "a", count: 120)
        try source.write("long", to: long)
        let archive = "\(folder.path)/archive"
        let made = try run("/usr/bin/env", "tar", "-C", source.path, "-czf", archive, ".")
        #expect(made.status == 0)
        _ = try install(Array(Data(contentsOf: URL(filePath: archive))))
        #expect(try folder.text(of: "versions/b/\(long)") == "long")
    }

    @Test func theDescriptionIsAsDocumented() throws {
        let archive = Tar().directory("d", mode: 0o700).file("d/f", "xyz", mode: 0o640)
            .link("a", to: "d/f").archive
        let payload = try install(archive)
        let text = String(decoding: try slots.held(in: b, payload), as: UTF8.self)
        #expect(text == "l 1 a 3 d/f\nd 700 1 d\nf 640 3 d/f 3\nxyz")
    }

    static let changes: [(String, String)] = [
        ("a byte", "echo TEXT > data/deep/er.txt"), ("a mode", "chmod 644 data/deep/er.txt"),
        ("a new file", "touch new"), ("a file less", "rm copy"), ("a link", "ln -sfn bin now"),
        ("a directory", "mkdir data/new"), ("a name", "mv copy copy2"),
    ]

    @Test(arguments: changes)
    func whateverChangesIsNoticed(what: String, command: String) throws {
        let payload = try install(Self.tree.archive)
        let changed = try run(
            "/bin/sh", "-c", "cd '\(folder.path)/versions/b' && \(command)")
        #expect(changed.status == 0)
        #expect(try !slots.holds(payload, in: b), "\(what)")
    }

    // MARK: Hostile archives

    static let hostile: [(String, Tar)] = [
        ("an absolute name", Tar().file("/etc/owned", "x")),
        ("a name that goes up", Tar().file("../owned", "x")),
        ("a name that goes up later", Tar().directory("d").file("d/../../owned", "x")),
        ("an absolute link", Tar().link("l", to: "/etc")),
        ("a link that goes up", Tar().link("l", to: "..")),
        ("a link that goes up from a directory", Tar().link("d/l", to: "../../x")),
        ("a link that goes up behind a link", Tar().link("s", to: ".").link("t", to: "s/..")),
        ("a link to nothing", Tar().link("l", to: "")),
        ("a file through a link", Tar().directory("d").link("l", to: "d").file("l/f", "x")),
        ("a directory through a link", Tar().directory("d").link("l", to: "d").directory("l/e")),
        ("a directory over a link", Tar().directory("d").link("l", to: "d").directory("l")),
        ("a file over a link", Tar().file("f", "x").link("l", to: "f").file("l", "y")),
        ("a file over a file", Tar().file("f", "x").file("f", "y")),
        ("a file below a file", Tar().file("f", "x").file("f/g", "y")),
        ("a hard link to the outside", Tar().hardLink("h", to: "../../outside")),
        ("an absolute hard link", Tar().hardLink("h", to: "/etc/passwd")),
        ("a hard link to what comes later", Tar().hardLink("h", to: "f").file("f", "x")),
        (
            "a hard link through a link",
            Tar().file("d/f", "x").link("l", to: "d").hardLink("h", to: "l/f")
        ),
        ("a hard link to a link", Tar().file("f", "x").link("l", to: "f").hardLink("h", to: "l")),
        ("a device", Tar().device("null")), ("a disk", Tar().blockDevice("sda")),
        ("a pipe", Tar().pipe("p")), ("a setuid program", Tar().file("su", "x", mode: 0o4755)),
        ("a setgid directory", Tar().directory("d", mode: 0o2755)),
        ("too many bytes", Tar().file("f", String(repeating: "x", count: 100_001))),
        (
            "too many bytes in two files",
            Tar().file("f", String(repeating: "x", count: 60_000)).file(
                "g", String(repeating: "x", count: 60_000))
        ),
        (
            "too many bytes by another name",
            Tar().file("f", String(repeating: "x", count: 60_000)).hardLink("g", to: "f")
        ),
        ("too many entries", (0..<21).reduce(Tar()) { $0.file("\($1)", "") }),
        (
            "too many directories in each other",
            Tar().file((0..<49).map { _ in "d" }.joined(separator: "/"), "x")
                .directory("e").link(
                    "e/up", to: (0..<33).map { _ in ".." }.joined(separator: "/"))
        ),
    ]

    @Test(arguments: hostile)
    func refusesToUnpack(what: String, tar: Tar) throws {
        try folder.write("untouched", to: "outside")
        #expect(throws: SlotError.self, "\(what)") { try install(tar.archive) }
        #expect(try folder.text(of: "outside") == "untouched")
        #expect(!folder.has("owned") && !folder.has("versions/owned"))
        #expect(!FileManager.default.fileExists(atPath: "/etc/owned"))
        // Nothing of it stays, not even half.
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/versions") == [])
    }

    @Test func anArchiveThatIsNoneIsAnError() throws {
        #expect(throws: SlotError.self) { try install([UInt8](repeating: 7, count: 5000)) }
        let cut = Array(Self.tree.archive[..<1500])
        #expect(throws: SlotError.self) { try install(cut) }
    }

    @Test func programsThatRunAsTheirOwnerNeedTheOption() throws {
        let slots = DirectorySlots(
            folder: folder.path, recordFolder: "\(folder.path)/slots",
            options: DirectorySlots.Options(allowsSetID: true))
        _ = try install(Tar().file("su", "x", mode: 0o4755).archive, in: slots)
        let mode = try run("/usr/bin/env", "stat", "-c", "%a", "\(folder.path)/versions/b/su")
        #expect(mode.output == "4755\n")
    }

    // MARK: What is there

    @Test func replacesWhatTheSlotHeld() throws {
        _ = try install(Self.tree.archive)
        _ = try install(Tar().file("only", "x").archive)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/versions/b")
                == ["only"])
    }

    @Test func whatRunsIsNeverTouched() throws {
        _ = try install(Self.tree.archive)
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/current", withDestinationPath: "versions/b")
        #expect(throws: SlotError.self) { try install(Tar().file("only", "x").archive) }
        #expect(folder.has("versions/b/bin/run"))
    }

    @Test func aDownloadGoesOnAfterARestart() throws {
        let archive = Self.tree.archive
        let length = Int64(archive.count)
        _ = try slots.begin(b, Payload(.tar, of: archive), length: length, at: 0) { _ in }
        try slots.write(Array(archive[..<2000]))
        try slots.sync()
        let after = DirectorySlots(folder: folder.path, recordFolder: "\(folder.path)/slots")
        var kept: [UInt8] = []
        let began = try after.begin(b, Payload(.tar, of: archive), length: length, at: 2000) {
            kept += $0
        }
        #expect(began == 2000 && kept == Array(archive[..<2000]))
        try after.write(Array(archive[2000...]))
        try after.sync()
        try after.finish { _ in }
        #expect(folder.has("versions/b/bin/run"))
    }

    @Test func onlyTarsAreTaken() throws {
        #expect(Payload.Format.allCases.filter { slots.takes($0) } == [.tar])
        #expect(try slots.spare(besides: slot("a")) == b)
        #expect(throws: SlotError.missing(path: "slot c")) { try slots.spare(besides: slot("c")) }
    }

    @Test func aFullDiskIsAnErrorAndLeavesNothing() throws {
        try SmallDisk.use { disk in
            let slots = DirectorySlots(folder: disk, recordFolder: "\(folder.path)/slots")
            let archive = try filtered(
                Tar().file("big", String(repeating: "x", count: 90_000)).archive, by: "gzip", "-c")
            #expect(throws: SlotError.full(path: "\(disk)/versions/.b.new/big")) {
                try install(archive, in: slots)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(disk)/versions") == [])
        }
    }
}
