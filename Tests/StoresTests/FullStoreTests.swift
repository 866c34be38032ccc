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

    /// Writes many at once until the disk is full, and says to whom what was told.
    private static func fill(
        _ store: SQLiteStore, _ folder: URL
    ) async throws -> (told: [String], full: [String]) {
        try Data(count: 400_000).write(to: folder.appending(path: "filler"))
        let padding = String(repeating: "x", count: 20_000)
        let names = (1000..<1100).map { "\($0) \(padding)" }
        return try await withThrowingTaskGroup(of: (String, Bool).self) { group in
            for name in names {
                group.addTask {
                    do {
                        try await store.write { store in
                            try store.add(
                                EventRecord(
                                    at: Scene.at(1), device: device, rollout: nil, what: name))
                        }
                        return (name, true)
                    } catch StoreError.full { return (name, false) }
                }
            }
            var told: [String] = []
            var full: [String] = []
            for try await (name, isStored) in group {
                if isStored { told.append(name) } else { full.append(name) }
            }
            return (told, full)
        }
    }
}
