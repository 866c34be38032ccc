import Model
import Rollouts
import Testing

/// Simulated devices that fail and are tried again, by the classes of their failures.
@Suite struct SimulationRetryTests {
    static let seeds: [UInt64] = [1, 2, 3, 4, 5]
    static let flaky = Simulated.behaviour { $0.downloadFailureRate = 0.05 }

    static func file(_ retries: RolloutFile.Retries?) -> RolloutFile {
        Simulated.file.with { $0.retries = retries }
    }

    @Test(arguments: seeds)
    func retriesCompleteWhatFlakyDownloadsStop(seed: UInt64) throws {
        let stopped = try Simulated.outcome(Self.flaky, of: Self.file(nil), seed: seed)
        #expect(stopped.stoppedInWave != nil)
        #expect(stopped.retried == 0)
        let file = Self.file(.init(max: 3, backoff: "10m"))
        let outcome = try Simulated.outcome(Self.flaky, of: file, seed: seed)
        #expect(outcome.isCompleted)
        #expect(outcome.retried >= 10)
        #expect(outcome.harmed == 0, "a download harms nobody")
        #expect(outcome.proven + outcome.failed == 600)
        #expect(outcome.offered == 600 + outcome.retried)
    }

    @Test(arguments: seeds)
    func triesAgainNoEarlierThanTheBackoffAndNoMoreOftenThanAllowed(seed: UInt64) throws {
        let behaviour = Simulated.behaviour { $0.downloadFailureRate = 0.5 }
        let file = Self.file(.init(max: 2, backoff: "30m")).with {
            $0.gate.maxFailureRate = "40%"
        }
        var tries: [Int: Int] = [:]
        var failures: [Int: Instant] = [:]
        var random = SeededGenerator(seed: seed)
        _ = try Simulated.simulation(file).run(behaviour, using: &random) { event in
            switch event {
            case .offered(let device, _, let moment):
                tries[device, default: 0] += 1
                let pause = Duration.seconds(tries[device] == 2 ? 1800 : 3600)
                if let failed = failures[device] { #expect(moment.elapsed(since: failed) >= pause) }
            case .ended(let device, .failed, let moment): failures[device] = moment
            case .ended, .moved, .paused: return
            }
        }
        #expect(tries.values.max() == 3)
    }

    /// The new image stays what it is.
    @Test func aReleaseFailsOnADeviceEachTime() throws {
        let file = Self.file(.init(max: 3, backoff: "1m", classes: ["health"])).with {
            $0.gate.maxFailureRate = "45%"
        }
        let outcome = try Simulated.outcome(
            Simulated.behaviour(failureRate: 0.2), of: file, seed: 1)
        #expect(outcome.isCompleted)
        #expect(outcome.retried > outcome.harmed)
        #expect(outcome.failed == outcome.harmed)
        #expect(outcome.proven + outcome.failed == 600)
    }

    /// What failed after it left its old image counts at once, retries or not.
    @Test(arguments: seeds)
    func retriesHideNoFaultOfTheRelease(seed: UInt64) throws {
        let file = Self.file(.init(max: 9, backoff: "1m", classes: ["health", "overdue"]))
        for silent in [0.0, 1] {
            let behaviour = Simulated.behaviour(failureRate: 1) { $0.silentFailureShare = silent }
            let outcome = try Simulated.outcome(behaviour, of: file, seed: seed)
            #expect(outcome.stoppedInWave == 0)
            #expect(outcome.harmed <= 24)
        }
    }

    @Test(arguments: seeds)
    func eachClassIsCountedByItself(seed: UInt64) throws {
        let file = Self.file(nil).with { $0.gate.perClass = ["download": "30%"] }
        #expect(try Simulated.outcome(Self.flaky, of: file, seed: seed).isCompleted)
        let broken = Simulated.behaviour { $0.downloadFailureRate = 0.9 }
        guard
            case .paused(_, .classLimit(.download, _, _), _) = try Simulated.outcome(
                broken, of: file, seed: seed
            ).state
        else {
            Issue.record("downloads did not stop it")
            return
        }
        let unhealthy = try Simulated.outcome(
            Simulated.behaviour(failureRate: 1), of: file, seed: seed)
        guard case .paused(_, .failureLimit, _) = unhealthy.state else {
            Issue.record("it ended as \(unhealthy.state)")
            return
        }
    }

    @Test func followsFromItsSeedWithEveryMishap() throws {
        let file = Self.file(.init(max: 3, backoff: "10m"))
        let behaviour = Simulated.behaviour(failureRate: 0.01) {
            $0.offlineShare = 0.2
            $0.offlineSpellSeconds = 3600
            $0.silentFailureShare = 0.5
            $0.downloadFailureRate = 0.1
        }
        let first = try Simulated.outcome(behaviour, of: file, seed: 1)
        #expect(first.retried > 0)
        #expect(try Simulated.outcome(behaviour, of: file, seed: 1) == first)
        #expect(try Simulated.outcome(behaviour, of: file, seed: 2) != first)
    }
}
