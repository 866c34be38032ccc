import Agent
import Foundation
import Slots
import Testing

@Suite struct DurableFileTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/state" }

    init() throws { folder = try TemporaryFolder() }

    @Test func readsWhatItReplaced() throws {
        try DurableFile.replace(path, with: Array("one".utf8))
        try DurableFile.replace(path, with: Array("second".utf8))
        #expect(try DurableFile.read(path) == Array("second".utf8))
        #expect(try folder.names == ["state"])
    }

    @Test func isForItsOwnerOnlyUnlessTold() throws {
        try DurableFile.replace(path, with: [])
        #expect(try folder.permissions(of: "state") == 0o600)
        try DurableFile.replace(path, with: [], permissions: 0o644)
        #expect(try folder.permissions(of: "state") == 0o644)
    }

    @Test func aMissingFileIsNone() throws {
        #expect(try DurableFile.read(path) == nil)
    }

    @Test func whatACutLeftBehindIsInNobodysWay() throws {
        try folder.write("old", to: "state")
        try folder.write("half of the n", to: "state.new")
        #expect(try DurableFile.read(path) == Array("old".utf8))
        try DurableFile.replace(path, with: Array("new".utf8))
        #expect(try folder.text(of: "state") == "new")
        #expect(try folder.names == ["state"])
    }

    /// A reader that is there all the time sees the old file or the new one, whole.
    @Test func isNeverHalfThere() throws {
        let old = [UInt8](repeating: 1, count: 100_000)
        let new = [UInt8](repeating: 2, count: 200_000)
        try DurableFile.replace(path, with: old)
        let reader = try FileHandle(forReadingFrom: URL(filePath: path))
        try DurableFile.replace(path, with: new)
        #expect(try reader.readToEnd().map(Array.init) == old)
        #expect(try DurableFile.read(path) == new)
    }

    @Test func aMissingFolderIsAnError() {
        let path = "\(folder.path)/none/state"
        #expect(throws: SlotError.missing(path: "\(path).new")) {
            try DurableFile.replace(path, with: [1])
        }
    }

    /// A folder in the way is refused by the system for root as for everybody.
    @Test func aFolderInTheWayIsAnErrorAndStays() throws {
        try DurableFile.makeDirectory(path)
        #expect(throws: SlotError.self) { try DurableFile.replace(path, with: [1]) }
        #expect(throws: SlotError.self) { try DurableFile.read(path) }
        #expect(throws: SlotError.self) { try DurableFile.remove(path) }
        #expect(folder.has("state"))
    }

    @Test func tellsWhatTheSystemSaid() throws {
        try folder.write("a file", to: "state")
        #expect(
            throws: SlotError.failed(
                operation: "open", path: "\(path)/x", reason: "Not a directory")
        ) { try DurableFile.read("\(path)/x") }
    }

    @Test func refusesToReadWithoutEnd() {
        #expect(
            throws: SlotError.malformed(
                path: "/dev/zero", problem: "longer than 8388608 bytes")
        ) { try DurableFile.read("/dev/zero") }
    }

    @Test func removesOnceAndForAll() throws {
        try DurableFile.replace(path, with: [1])
        try DurableFile.remove(path)
        try DurableFile.remove(path)
        #expect(try folder.names == [])
    }

    @Test func aFullDiskKeepsTheOldFile() throws {
        try SmallDisk.use { disk in
            let path = "\(disk)/state"
            let old = [UInt8](repeating: 1, count: 20_000)
            try DurableFile.replace(path, with: old)
            #expect(throws: SlotError.full(path: "\(path).new")) {
                try DurableFile.replace(path, with: [UInt8](repeating: 2, count: 100_000))
            }
            #expect(try DurableFile.read(path) == old)
            // What the failed try left does not keep the next one from working.
            try DurableFile.replace(path, with: [3])
            #expect(try DurableFile.read(path) == [3])
        }
    }
}
