import Foundation
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

    @Test(arguments: seeds)
    func nothingThatHappensBreaksAPromise(seed: UInt64) async throws {
        let run = try await FaultRun(seed: seed)
        defer { let t = try? run.books.shell.text("SELECT (SELECT count(*) FROM offers) AS offers,(SELECT count(*) FROM offers WHERE outcome='proven') AS proven,(SELECT count(*) FROM offers WHERE outcome='failed') AS failed,(SELECT count(*) FROM offers WHERE failure_class='overdue') AS overdue,(SELECT count(*) FROM offers WHERE outcome='cancelled') AS cancelled, (SELECT group_concat(name||' '||state||' '||ifnull(reason,''), '; ') FROM rollouts) AS r, (SELECT max(wave) FROM rollout_history) AS wave, (SELECT count(*) FROM rollout_history) AS hist,(SELECT count(*) FROM paused_strata) AS strata, (SELECT count(*) FROM devices WHERE quarantined_s>0) AS quar, (SELECT sum(tries-1) FROM attempts) AS retries;"); print("STAT", seed, run.books.memory.comparedCount, t ?? "") }
        do { try await run.play(500) } catch {
            let trail = run.trail.map { "\n    \($0.at) \($0.what)" }.joined()
            Issue.record("seed \(seed): \(error)\(trail)")
        }
    }
}
