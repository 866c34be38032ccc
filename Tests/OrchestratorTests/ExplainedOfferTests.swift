import Model
import Orchestrator
import Testing
import Wire

/// What is explained is what the device was told, whatever came in between (promise P6).
@Suite struct ExplainedOfferTests {
    @Test func whatAClockSaidBeforeItWasSetBackIsNotTakenForNewer() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        let devices = try await [TestDevice].enrolled(1, orchestrator)
        let id = devices[0].id
        try await orchestrator.start(.simple("r"))
        world.clock.advance(seconds: 3600)
        _ = try await orchestrator.change(id, .hold(reason: "lab"), by: World.author)
        _ = try await orchestrator.control(must(RolloutName("r")), .pause)
        world.clock.advance(seconds: -1800)
        _ = try await orchestrator.change(id, .resume, by: World.author)
        _ = try await orchestrator.control(must(RolloutName("r")), .resume)
        world.clock.advance(seconds: 7200)
        let told = try await orchestrator.explain(id, at: world.clock.now)
        #expect(told.facts.contains("active"))
        #expect(told.conclusion == "r: it is offered acme 2.0.0 in wave 1")
    }
}
