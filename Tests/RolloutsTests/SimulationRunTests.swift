import Model
import Rollouts
import Testing

@Suite struct SimulationRunTests {
    static let seeds: [UInt64] = [1, 2, 3, 4, 5]

    @Test(arguments: seeds)
    func followsFromItsSeed(seed: UInt64) throws {
        let behaviour = Simulated.behaviour(failureRate: 0.03) { $0.offlineShare = 0.1 }
        let first = try Simulated.outcome(behaviour, seed: seed)
        #expect(try Simulated.outcome(behaviour, seed: seed) == first)
        #expect(try Simulated.outcome(behaviour, seed: seed + 100) != first)
    }

    @Test(arguments: seeds)
    func completesAGoodReleaseOnEveryDevice(seed: UInt64) throws {
        let outcome = try Simulated.outcome(Simulated.behaviour(), seed: seed)
        #expect(outcome.isCompleted)
        #expect(outcome.proven == 600)
        #expect(outcome.harmed == 0 && outcome.failed == 0 && outcome.overdue == 0)
        #expect(outcome.passedAfter.count == 3)
        #expect(outcome.endedAfter >= .seconds(3 * 3600), "a soak was cut short")
    }

    /// A simulation takes the world outside to be well.
    @Test func outsideChecksPass() throws {
        let file = Simulated.file.with {
            $0.gate.checks = [.init(name: "qa", command: "x")]
        }
        let outcome = try Simulated.outcome(Simulated.behaviour(), of: file, seed: 1)
        #expect(outcome == (try Simulated.outcome(Simulated.behaviour(), seed: 1)))
        #expect(outcome.isCompleted)
    }

    /// Only who is gone for longer than the gate waits may be left out.
    @Test(arguments: seeds)
    func provesAGoodReleaseOnWhomeverItCanReach(seed: UInt64) throws {
        let behaviour = Simulated.behaviour { $0.offlineShare = 0.1 }
        let file = Simulated.file.with { $0.gate.maxFailureRate = "20%" }
        let outcome = try Simulated.outcome(behaviour, of: file, seed: seed)
        #expect(outcome.isCompleted)
        #expect(outcome.proven + outcome.overdue == outcome.offered)
        #expect((450..<600).contains(outcome.offered), "offline devices were offered the release")
    }

    /// Two failures stop this gate; all others that are harmed were on their way.
    @Test(arguments: seeds)
    func harmsOnlyTheGatesDecisionAndThoseInFlight(seed: UInt64) throws {
        let outcome = try Simulated.outcome(Simulated.behaviour(failureRate: 1), seed: seed)
        let gate = try RolloutSpec(Simulated.file).gate
        let decisive = try #require(
            (1...24).first {
                gate.evidenceOfHarm(failures: $0, decided: $0) >= gate.sufficientEvidence
            })
        #expect(outcome.stoppedInWave == 0)
        #expect(outcome.harmed == decisive + outcome.inFlightAtStop - outcome.withdrawn)
        #expect(outcome.harmed <= 24, "devices outside the canary were harmed")
        #expect(outcome.proven == 0)
    }

    /// hawkBit opens the next group by a share of the devices that are done, whatever they report.
    @Test(arguments: seeds)
    func opensNoWaveAfterHalfOfTheLastFailed(seed: UInt64) throws {
        var opened = 0
        var random = SeededGenerator(seed: seed)
        let outcome = try Simulated.simulation().run(
            Simulated.behaviour(failureRate: 0.5), using: &random
        ) { event in
            if case .moved(.running(let wave, _, _), _) = event { opened = max(opened, wave) }
        }
        #expect(opened == 0)
        #expect(outcome.stoppedInWave == 0)
        #expect(outcome.offered <= 24)
    }

    @Test(arguments: seeds)
    func stopsWhenDevicesFallSilent(seed: UInt64) throws {
        let behaviour = Simulated.behaviour(failureRate: 1) { $0.silentFailureShare = 1 }
        let outcome = try Simulated.outcome(behaviour, seed: seed)
        #expect(outcome.stoppedInWave == 0)
        #expect(outcome.failed == 0 && outcome.overdue >= 2)
        #expect(outcome.endedAfter >= .seconds(2 * 3600), "silence counted before its time")
    }

    @Test(arguments: seeds)
    func findsTheFaultOfOneStratumInTheCanary(seed: UInt64) throws {
        let behaviour = Simulated.behaviour {
            $0.stratumFailureRates = [Stratum(attribute: "board_revision", value: "C"): 1]
        }
        let outcome = try Simulated.outcome(behaviour, seed: seed)
        // Two failures among the first few reports could be anybody's.
        let isNamed =
            outcome.paused == [Stratum(attribute: "board_revision", value: "C")]
            && outcome.isCompleted
        #expect(isNamed || outcome.stoppedInWave == 0)
        #expect((2...8).contains(outcome.harmed), "a third of the canary has revision C")
    }

    @Test func waitsForTheApprovalOfAWave() throws {
        let file = Simulated.file.with { $0.waves[0].approval = "required" }
        let outcome = try Simulated.outcome(Simulated.behaviour(), of: file, seed: 1)
        #expect(outcome.passedAfter.first == .seconds(7200))
        #expect(outcome.isCompleted)
    }

    @Test func endsWithItsLifetime() throws {
        let file = Simulated.file.with {
            $0.expires = "4h"; $0.gate.minConfirmed = 25
        }
        let simulation = try Simulated.simulation(
            file.with { $0.waves[0].sample = 25 })
        var random = SeededGenerator(seed: 1)
        let behaviour = Simulated.behaviour(failureRate: 0.02) { $0.offlineShare = 0.6 }
        let outcome = simulation.run(behaviour, using: &random)
        #expect(outcome.state == .aborted(.expired))
        #expect(outcome.endedAfter == .seconds(4 * 3600))
    }
}
