import Agent
import Foundation
import Model
import Slots
import Testing

@Suite struct RawSlotsTests {
    private let folder: TemporaryFolder
    private let slots: RawSlots
    private let b: SlotName

    init() throws {
        folder = try TemporaryFolder()
        b = try slot("b")
        slots = RawSlots(
            [try slot("a"): "\(folder.path)/a.img", b: "\(folder.path)/b.img"],
            recordFolder: "\(folder.path)/slots")
    }

    private func raw(_ length: Int64) throws -> Payload {
        Payload(
            format: .raw, installedLength: length,
            installedSHA256: try #require(Digest(bytes: Array(0..<32))))
    }

    private func begin(
        length: Int64, at offset: Int64, in other: RawSlots? = nil
    ) throws {
        let kept = try (other ?? slots).begin(b, raw(length), length: length, at: offset) { _ in }
        #expect(kept == offset)
    }

    private func read(_ length: Int64) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try slots.read(b, length: length) { bytes += $0 }
        return bytes
    }

    static let image = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }

    @Test func readsWhatWasWritten() throws {
        try begin(length: 600_000, at: 0)
        try slots.write(Array(Self.image[..<1000]))
        try slots.write(Array(Self.image[1000...]))
        try slots.sync()
        slots.end()
        #expect(try read(600_000) == Self.image)
        #expect(try read(1000) == Array(Self.image[..<1000]))
    }

    @Test func resumesBehindWhatIsThere() throws {
        try begin(length: 600_000, at: 0)
        try slots.write(Array(Self.image[..<250_000]))
        try slots.sync()
        slots.end()
        try begin(length: 600_000, at: 250_000)
        try slots.write(Array(Self.image[250_000...]))
        try slots.sync()
        slots.end()
        #expect(try read(600_000) == Self.image)
    }

    @Test func isExactlyAsLongAsTheImage() throws {
        try folder.write(String(repeating: "old", count: 1000), to: "b.img")
        try begin(length: 10, at: 0)
        try slots.write([UInt8](repeating: 7, count: 10))
        try slots.sync()
        slots.end()
        #expect(try DurableFile.read("\(folder.path)/b.img") == [UInt8](repeating: 7, count: 10))
    }

    @Test func takesTheSpaceBeforeTheFirstByte() throws {
        try begin(length: 1_000_000, at: 0)
        let blocks = try run("/usr/bin/env", "stat", "-c", "%b", "\(folder.path)/b.img")
        let count = try #require(
            Int(blocks.output.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(count * 512 >= 1_000_000)
    }

    @Test func theSpareIsTheOther() throws {
        #expect(try slots.spare(besides: slot("a")) == b)
        #expect(try slots.spare(besides: b) == slot("a"))
        #expect(throws: SlotError.missing(path: "slot c")) {
            try slots.spare(besides: slot("c"))
        }
    }

    @Test func aSlotThatEndsEarlyIsAnError() throws {
        try folder.write("short", to: "b.img")
        #expect(
            throws: SlotError.malformed(
                path: "\(folder.path)/b.img", problem: "it ends 5 bytes early")
        ) { try read(10) }
        #expect(throws: SlotError.missing(path: "\(folder.path)/a.img")) {
            try slots.read(slot("a"), length: 1) { _ in }
        }
    }

    // MARK: The content record

    private func content() throws -> SlotContent {
        SlotContent(
            release: try #require(ReleaseID("acme-gateway 2.4.1")),
            sha256: try #require(Digest(bytes: Array(0..<32))), payload: try raw(4096))
    }

    @Test func keepsWhatASlotHolds() throws {
        #expect(try slots.content(of: b) == nil)
        try slots.setContent(content(), of: b)
        #expect(try slots.content(of: b) == content())
        #expect(try slots.content(of: slot("a")) == nil)
        try slots.setContent(nil, of: b)
        try slots.setContent(nil, of: b)
        #expect(try slots.content(of: b) == nil)
        #expect(try folder.names == ["slots"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/slots") == [])
    }

    /// What an agent before this one left beside the slot.
    private func writeOldRecord(_ text: String) throws {
        try folder.write(text, to: "b.img.content")
    }

    @Test func anOlderAgentsRecordCountsUntilThereIsANewOne() throws {
        try writeOldRecord("length=7\nrelease=acme 1\nsha256=\(Self.digest)\n")
        let old = try #require(try slots.content(of: b))
        #expect(old.release == ReleaseID("acme 1"))
        #expect(old.payload.format == .raw && old.payload.installedLength == 7)
        #expect(old.payload.installedSHA256 == old.sha256)
        try slots.setContent(content(), of: b)
        #expect(try slots.content(of: b) == content())
        try slots.setContent(nil, of: b)
        #expect(try slots.content(of: b) == nil)
        #expect(!folder.has("b.img.content"))
    }

    @Test(arguments: [Payload.Format.zstd, .xz])
    func aRecordTellsTheImageFromWhatItBecame(format: Payload.Format) throws {
        var content = try content()
        content.payload = Payload(
            format: format, installedLength: 9,
            installedSHA256: try #require(Digest(bytes: Array(32..<64))))
        try slots.setContent(content, of: b)
        #expect(try slots.content(of: b) == content)
    }

    @Test func theRecordIsLinesThatAShellCanRead() throws {
        try slots.setContent(content(), of: b)
        let digest = try content().sha256.hex
        #expect(
            try folder.text(of: "slots/b.content")
                == "format=raw\ninstalled_sha256=\(digest)\nlength=4096\n"
                + "release=acme-gateway 2.4.1\nsha256=\(digest)\n")
    }

    static let digest = String(repeating: "0a", count: 32)

    @Test(arguments: [
        ("release=acme\nsha256=\(digest)\nlength=1\n", "release is not a release"),
        ("release=acme 1\nsha256=0A\nlength=1\n", "sha256 is not a SHA-256"),
        ("release=acme 1\nsha256=\(digest)\nlength=0\n", "length is not a length in bytes"),
        ("release=acme 1\nsha256=\(digest)\n", "length is not a length in bytes"),
        ("release=acme 1\nnonsense\n", "the line \"nonsense\" is not key=value"),
        ("", "release is not a release"),
        ("release=acme 1\nsha256=\(digest)\nformat=floppy\nlength=1\n", "format is not a format"),
        (
            "release=acme 1\nsha256=\(digest)\nformat=raw\nlength=1\n",
            "installed_sha256 is not a SHA-256"
        ),
    ])
    func aRecordThatIsNotOneIsAnError(text: String, problem: String) throws {
        try slots.setContent(content(), of: b)
        try folder.write(text, to: "slots/b.content")
        #expect(
            throws: SlotError.malformed(
                path: "\(folder.path)/slots/b.content", problem: problem)
        ) { try slots.content(of: b) }
    }

    // MARK: A full medium

    @Test func aFullMediumIsNoticedBeforeTheFirstByte() throws {
        try SmallDisk.use { disk in
            let slots = RawSlots(
                [try slot("a"): "\(disk)/a", b: "\(disk)/b"], recordFolder: "\(disk)/slots")
            #expect(throws: SlotError.full(path: "\(disk)/b")) {
                try begin(length: 100_000, at: 0, in: slots)
            }
            try begin(length: 10_000, at: 0, in: slots)
            try slots.write([UInt8](repeating: 1, count: 10_000))
            try slots.sync()
        }
    }

    /// `/dev/full` takes no byte, as a medium that cannot allocate ahead when it is full.
    @Test func aMediumThatFillsUpIsAnErrorOfTheWrite() throws {
        let path = "\(folder.path)/full"
        try FileManager.default.createSymbolicLink(
            atPath: path, withDestinationPath: "/dev/full")
        let slots = RawSlots(
            [try slot("a"): "\(folder.path)/a", b: path], recordFolder: "\(folder.path)/slots")
        #expect(throws: SlotError.self) {
            try begin(length: 10, at: 0, in: slots)
            try slots.write([1])
        }
    }
}
