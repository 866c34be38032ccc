import Agent
import Foundation
import Slots
import Testing

@Suite struct FolderStoreTests {
    private let folder: TemporaryFolder
    private var store: FolderStore {
        get throws {
            try FolderStore(
                folder: "\(folder.path)/state", shippedRoot: "\(folder.path)/root.json")
        }
    }

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("shipped", to: "root.json")
    }

    @Test func isEmptyOnANewDeviceButForTheRoot() throws {
        let store = try store
        #expect(try store.loadState() == nil)
        #expect(try store.loadMetadata("timestamp.json") == nil)
        #expect(try store.loadMetadata("root.json") == Array("shipped".utf8))
    }

    @Test func keepsAcrossRestarts() throws {
        try store.saveState([1])
        try store.saveMetadata("timestamp.json", [2])
        try store.saveMetadata("root.json", [3])
        let again = try store
        #expect(try again.loadState() == [1])
        #expect(try again.loadMetadata("timestamp.json") == [2])
        #expect(try again.loadMetadata("root.json") == [3])
        #expect(try folder.text(of: "root.json") == "shipped")
    }

    @Test func forgets() throws {
        let store = try store
        try store.saveMetadata("snapshot.json", [2])
        try store.saveMetadata("snapshot.json", nil)
        try store.saveMetadata("snapshot.json", nil)
        #expect(try store.loadMetadata("snapshot.json") == nil)
    }

    @Test func keepsTheStateFromOthers() throws {
        try store.saveState([1])
        #expect(try folder.permissions(of: "state") == 0o700)
        #expect(try folder.permissions(of: "state/state.json") == 0o600)
    }
}
