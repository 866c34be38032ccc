import Model
import Rollouts
import Testing

/// Simulated devices that fall silent, because of the release or of something else.
@Suite struct SimulationSilenceTests {
    /// Devices download for longer than they are offline, so that many go silent on the way.
    static let outage = Simulated.behaviour {
        $0.offlineShare = 0.3
        $0.medianBytesPerSecond = 5000
    }

    static let silencing = Simulated.behaviour(failureRate: 0.3) { $0.silentFailureShare = 1 }

    /// Its waves leave devices over, to be compared with.
    static let file = Simulated.file.with { $0.waves[2].percent = "50%" }

    private static func outcomes(_ behaviour: FleetBehaviour) throws -> [SimulationOutcome] {
        let simulation = try Simulated.simulation(file)
        var random = SeededGenerator(seed: 1)
        return (0..<25).map { _ in simulation.run(behaviour, using: &random) }
    }

    @Test func anOutageDoesNotStopAGoodRelease() throws {
        let outcomes = try Self.outcomes(Self.outage)
        // As many as would stop the wave if nobody else were silent.
        let gate = try RolloutSpec(Self.file).gate
        let excused = outcomes.count {
            gate.evidenceOfHarm(failures: $0.overdue, decided: $0.overdue + $0.proven)
                >= gate.sufficientEvidence
        }
        #expect(excused >= 5, "the outage was too small to tell")
        #expect(outcomes.count { $0.stoppedInWave != nil } <= 1)
        // The others wait for those that are silent, or for an operator.
        #expect(outcomes.count(where: \.isCompleted) >= 5)
    }

    @Test func aReleaseThatSilencesDevicesIsStopped() throws {
        let outcomes = try Self.outcomes(Self.silencing)
        #expect(outcomes.allSatisfy { $0.stoppedInWave != nil })
        #expect(outcomes.count { $0.stoppedInWave == 0 } >= 20)
    }

    /// Where some others are silent as well, it may take longer to be sure.
    @Test func aReleaseThatSilencesDevicesCompletesBesideNoOutage() throws {
        let outcomes = try Self.outcomes(
            Simulated.behaviour(failureRate: 0.3) {
                $0.silentFailureShare = 1
                $0.offlineShare = 0.1
            })
        #expect(outcomes.count { $0.stoppedInWave != nil } >= 20)
        #expect(outcomes.allSatisfy { !$0.isCompleted })
    }
}
