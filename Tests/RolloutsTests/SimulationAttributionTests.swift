import Model
import Rollouts
import Testing

/// Simulated rollouts of which only some devices fail, as the server tells them apart.
@Suite struct SimulationAttributionTests {
    static let bad = Stratum(attribute: "board", value: "C")

    static let file = Simulated.file.with {
        $0.waves[0] = .init(name: "canary", sample: 48, strata: ["board"], soak: "1h")
    }

    /// Eight boards and four carriers, that have nothing to do with each other.
    private static func simulation(
        _ file: RolloutFile = file, devices: Int = 400
    ) throws -> Rollouts.RolloutSimulation {
        var random = SeededGenerator(seed: 1)
        let attributes = [
            InventedAttribute(
                "board", values: ["A", "B", "C", "D", "E", "F", "G", "H"].map { ($0, 1) }),
            InventedAttribute("carrier", prefix: "carrier", count: 4),
        ]
        let fleet = SimulatedFleet(
            inventing: devices, hardware: try model("gw-2"),
            release: ReleaseID("acme-gateway 2.4.0"), attributes: attributes.compactMap(\.self),
            using: &random)
        return try Simulated.simulation(of: RolloutSpec(file), on: fleet)
    }

    private static let badBoard = Simulated.behaviour {
        $0.stratumFailureRates = [bad: 1]
    }

    @Test func namesTheOneBoardThatAlwaysFailsAndCompletesTheRest() throws {
        let simulation = try Self.simulation()
        let others = simulation.fleet.devices.count { !Self.bad.holds($0) }
        var random = SeededGenerator(seed: 1)
        let outcomes = (0..<50).map { _ in simulation.run(Self.badBoard, using: &random) }
        let right = outcomes.filter { $0.paused == [Self.bad] && $0.isCompleted }
        #expect(right.count >= 45, "\(outcomes.map { "\($0.paused) \($0.state)" })")
        #expect(right.allSatisfy { $0.proven == others })
        #expect(right.allSatisfy { $0.failed == $0.harmed && $0.harmed <= 6 })
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func offersNothingMoreToAPausedStratum(seed: UInt64) throws {
        let simulation = try Self.simulation()
        var paused: Stratum?
        var offered = 0
        var random = SeededGenerator(seed: seed)
        _ = simulation.run(Self.badBoard, using: &random) { event in
            switch event {
            case .paused(let stratum, _): paused = stratum
            case .offered(let device, _, _):
                let isPaused = paused?.holds(simulation.fleet.devices[device]) ?? false
                #expect(!isPaused)
                if paused != nil { offered += 1 }
            case .ended, .moved: return
            }
        }
        #expect(paused == Self.bad)
        #expect(offered > 300)
    }

    /// What is tried again does not tire of failing: the others are not made to wait for it.
    @Test func aPausedStratumIsNotTriedAgain() throws {
        let file = Self.file.with {
            $0.retries = .init(max: 9, backoff: "10m", classes: ["health"])
        }
        var random = SeededGenerator(seed: 1)
        let outcome = try Self.simulation(file).run(Self.badBoard, using: &random)
        #expect(outcome.isCompleted && outcome.paused == [Self.bad])
        #expect(outcome.retried < 20)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func aReleaseThatAlwaysFailsIsStoppedAfterThreeDevices(seed: UInt64) throws {
        let outcome = try Simulated.outcome(Simulated.behaviour(failureRate: 1), seed: seed)
        guard case .paused(_, .failureLimit(let failures, let decided), _) = outcome.state else {
            Issue.record("it ended as \(outcome.state)")
            return
        }
        #expect(failures == decided && decided <= 3)
        #expect(outcome.paused.isEmpty)
    }

    @Test func aReportTellsInHowManyRunsWhichStratumWasPaused() throws {
        let effort = try #require(
            SimulationReport.Effort(runs: 10, faultRates: [], runsPerFault: 1))
        let report = SimulationReport(
            of: try Self.simulation(), Self.badBoard, effort: effort, seed: 1)
        let finding = try #require(report.strata.first)
        #expect(finding.stratum == Self.bad)
        #expect(finding.runCount >= 8)
        #expect(report.finishes.count >= 8, "a run with a paused stratum completes")
        #expect(
            report.table.contains(
                "paused     board C: \(finding.runCount) (\(finding.runCount * 10)%)"))
        #expect(report.summary.contains(" Paused: board C in \(finding.runCount)"))
    }
}
