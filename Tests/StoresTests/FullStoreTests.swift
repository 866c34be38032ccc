import Foundation
import Model
import Orchestrator
import Stores
import TestSupport
import Testing

private typealias Scene = SQLiteStoreTests

/// A disk that gets full under a group of writers.
@Suite struct FullStoreTests {
    private static let device = must(DeviceID("gw-1"))

    @Test func whoIsToldThatItIsStoredFindsItAndNobodyElseDoes() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let mounted = try? filtered(
            [], by: "mount", "-t", "tmpfs", "-o", "size=2m", "slipway", folder.path)
        guard mounted != nil else {
            return withKnownIssue("a full disk is not tried here") {
                Issue.record("no small disk can be mounted; only root may")
            }
        }
        defer { _ = try? filtered([], by: "umount", "-l", folder.path) }

        let path = folder.appending(path: "slipway.sqlite").path
        let stored = try await Self.fill(SQLiteStore(path: path), folder)
        #expect(!stored.told.isEmpty && !stored.full.isEmpty)
        // What was written ahead is read again by another process.
        try FileManager.default.removeItem(at: folder.appending(path: "filler"))
        let found = try await SQLiteStore(path: path).read { store in
            try store.events(of: Self.device, until: Scene.at(9), limit: 9999).map(\.what)
        }
        #expect(Set(found.map { $0.prefix(4) }) == Set(stored.told.map { $0.prefix(4) }))
    }

    /// Writes one, then many at once until the disk is full, and says who was told what.
    private static func fill(
        _ store: SQLiteStore, _ folder: URL
    ) async throws -> (told: [String], full: [String]) {
        try Data(count: 400_000).write(to: folder.appending(path: "filler"))
        let padding = String(repeating: "x", count: 20_000)
        let names = (1000..<1100).map { "\($0) \(padding)" }
        // The rest may share one commit, and then all of it fails.
        guard try await add(names[0], to: store) else { return ([], [names[0]]) }
        return try await withThrowingTaskGroup(of: (String, Bool).self) { group in
            for name in names.dropFirst() {
                group.addTask { (name, try await add(name, to: store)) }
            }
            var told = [names[0]]
            var full: [String] = []
            for try await (name, isStored) in group {
                if isStored { told.append(name) } else { full.append(name) }
            }
            return (told, full)
        }
    }

    /// Whether the store says that it has an event of that text; false when its disk is full.
    private static func add(_ name: String, to store: SQLiteStore) async throws -> Bool {
        do {
            try await store.write { store in
                try store.add(
                    EventRecord(at: Scene.at(1), device: device, rollout: nil, what: name))
            }
            return true
        } catch StoreError.full { return false }
    }
}
