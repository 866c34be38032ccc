import Foundation
import TestSupport
import Testing

/// Promises P2, P3, P4 and P6 over random interleavings of everything that can happen.
///
/// The seed is the bug report: a run from the same seed is the same run.
@Suite struct FaultRunTests {
    /// More of them with `make test-faults SEEDS=500`, from `FIRST` on.
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["SLIPWAY_FAULT_SEEDS"].flatMap { UInt64($0) } ?? 6
        let first = environment["SLIPWAY_FAULT_FIRST_SEED"].flatMap { UInt64($0) } ?? 0
        return Array(first..<first + count)
    }()

    /// One after another: each run has connections and a `sqlite3` of its own.
    @Test(.serialized, arguments: seeds)
    func nothingThatHappensBreaksAPromise(seed: UInt64) async throws {
        let run = try await FaultRun(seed: seed)
        guard await Self.plays(run, 500, seed) else { return }
        #expect(run.books.memory.comparedCount > 40, "what was told was not asked about")
    }

    /// The same on PostgreSQL, which is killed with the servers; shorter, because it is looked at
    /// through a copy after each event.
    @Test(.serialized, arguments: seeds.prefix(2))
    func norOnPostgreSQL(seed: UInt64) async throws {
        let server = try PostgresServer(isDurable: false)
        let run = try await FaultRun(seed: seed, on: server)
        _ = await Self.plays(run, 150, seed)
    }

    private static func plays(_ run: FaultRun, _ count: Int, _ seed: UInt64) async -> Bool {
        do { try await run.play(count) } catch {
            let trail = run.trail.map { "\n    \($0.at) \($0.what)" }.joined()
            Issue.record("seed \(seed): \(error)\(trail)")
            return false
        }
        #expect(!run.books.origins.isEmpty, "nobody was offered anything")
        return true
    }
}
