import Foundation
import Model
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing

/// A server that is updated in the middle of a rollout goes on with it.
@Suite struct MigrationTests {
    private static func fixture(_ name: String) throws -> String {
        try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: name),
            encoding: .utf8)
    }

    /// What had been forgiven stays forgiven, and what stopped the rollout since is not.
    @Test func goesOnWithADatabaseOfTheSecondVersion() async throws {
        let path = SQLiteStoreTests.path()
        try SQLiteStoreTests.sqlite(path, Self.fixture("version1.sql"))
        try SQLiteStoreTests.sqlite(path, Self.fixture("version2.sql"))

        let store = try SQLiteStore(path: path)
        let name = must(RolloutName("s"))
        let rollout = try #require(try await store.read { try $0.rollout(name) })
        #expect(
            rollout.state
                == .paused(
                    wave: 0, .failureLimit(failures: 2, decided: 2),
                    started: SQLiteStoreTests.at(61)))
        #expect(rollout.priority == .standard && rollout.author.text == "ada")

        let tallies = try await store.read { store in
            try store.tallies(of: name, at: SQLiteStoreTests.at(1000), outsidePausedStrata: true)
        }
        #expect(tallies.map(\.proven) == [1] && tallies.map(\.failures.total) == [5])
        #expect(tallies.map(\.evidence.proven) == [0])
        #expect(tallies.map(\.evidence.failures.total) == [2])
        // Resuming forgives them, too, because they were what it stopped for.
        let after = try await store.write { store in
            try store.forgiveNoted(in: name)
            return try store.tallies(
                of: name, at: SQLiteStoreTests.at(1000), outsidePausedStrata: true)
        }
        #expect(after.map(\.evidence.failures.total) == [0])

        let paused = try await store.read { try $0.pausedStrata(of: name).map(\.stratum) }
        #expect(paused == [Stratum(attribute: "site", value: "kiel")])
        let strata = try await store.read { store in
            try store.decided(
                in: name, by: ["site"], classes: [.health], at: SQLiteStoreTests.at(1000))
        }
        #expect(Set(strata.keys) == [Stratum(attribute: "site", value: "lyon")])
    }
}
