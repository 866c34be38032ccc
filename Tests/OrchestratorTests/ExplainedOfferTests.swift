import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// What is explained is what the device was told, whatever came in between (promise P6).
@Suite struct ExplainedOfferTests {
    /// Two rollouts want the device, and it works on the offer of the one that goes behind.
    @Test func aDeviceAtWorkIsExplainedByItsOffer() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        try await world.publish("3.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(1, orchestrator)
        try await orchestrator.start(.simple("old"))
        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        try await orchestrator.start(.simple("new", release: "acme 3.0.0") { $0.priority = "9" })
        world.clock.advance(seconds: 10)
        let moment = world.clock.now
        #expect(try await devices[0].checkIn(orchestrator).offer?.nonce == offer.nonce)

        world.clock.advance(seconds: 10)
        devices[0].boots(offer)
        _ = try await devices[0].checkIn(orchestrator, .proven(offer.nonce))
        let told = try await orchestrator.explain(devices[0].id, at: moment)
        #expect(
            told.conclusion == "old: it has been offered the release and has not answered yet")
        #expect(told.rollouts.map(\.rollout.text) == ["new", "old"])
        #expect(told.rollouts[0].ruling == "it works on the offer of rollout old")
        #expect(told.rollouts[1].ruling.hasPrefix("it has been offered"))
        let now = try await orchestrator.explain(devices[0].id, at: nil)
        #expect(now.conclusion == "new: it is offered acme 3.0.0 in wave 1")
    }

    /// A stopped rollout may not stand for the offer that its device has installed already.
    @Test func anOfferOfAStoppedRolloutIsToldAsWhatIsUnderWay() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(1, orchestrator)
        try await orchestrator.start(.simple("r"))
        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        _ = try await orchestrator.control(must(RolloutName("r")), .pause)
        _ = try await devices[0].checkIn(orchestrator, .installed(offer.nonce))
        let told = try await orchestrator.explain(devices[0].id, at: nil)
        #expect(told.conclusion == "r: it has been offered the release and has not answered yet")
        #expect(told.rollouts[0].ruling.contains("paused"))
    }

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
