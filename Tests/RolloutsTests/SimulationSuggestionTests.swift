import Model
import Rollouts
import Testing

@Suite struct SimulationSuggestionTests {
    private static func best(deadline: Duration) -> [SimulationSuggestion] {
        let question = SimulationSuggestion.Question(
            deadline: deadline, faultProbability: 0.1, faultRate: 0.3, runsPerCandidate: 1,
            finalists: 3, runsPerFinalist: 5)
        return SimulationSuggestion.best(
            for: Simulated.file, question, behaviour: Simulated.behaviour(), seed: 1
        ) { try? Simulated.simulation(of: $0, devices: 300) }
    }

    @Test func suggestsWhatFinishesInTimeWithTheFewestHarmedFirst() throws {
        let best = Self.best(deadline: .seconds(8 * 3600))
        #expect(!best.isEmpty && best.count <= 3)
        #expect(best.allSatisfy { $0.finish <= .seconds(8 * 3600) && $0.caught > 0.5 })
        #expect(best.map(\.expectedHarmed) == best.map(\.expectedHarmed).sorted())
        let strata = try #require(best.first?.waves.first?.strata)
        #expect(strata == ["board_revision"])
    }

    @Test func suggestsNothingForADeadlineThatCannotBeMet() {
        #expect(Self.best(deadline: .seconds(3600)).isEmpty)
    }
}
