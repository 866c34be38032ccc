import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// P6: what decided, told now and for moments that are over.
@Suite struct ExplainTests {
    private static func scene() async throws -> (World, Orchestrator, [TestDevice]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        return (world, orchestrator, try await .enrolled(3, orchestrator))
    }

    @Test func theRulesAreToldInTheirOrderWithTheirValues() async throws {
        let (_, orchestrator, devices) = try await Self.scene()
        try await orchestrator.start(.simple("r", concurrent: 7))
        let told = try await orchestrator.explain(devices[0].id, at: nil)
        #expect(told.conclusion == "r: it is offered acme 2.0.0 in wave 1")
        let steps = try #require(told.rollouts.first).steps
        #expect(
            steps.map(\.rule) == [
                "state", "attempt", "eligibility", "wave", "stratum", "concurrent",
            ])
        #expect(steps.last?.detail == "0 of 7 leases are held")
        #expect(told.facts.contains("runs acme 1.0.0"))
    }

    /// Whatever has happened since, the same decision comes out for the same moment.
    @Test func aMomentThatIsOverIsExplainedAsItWas() async throws {
        var (world, orchestrator, devices) = try await Self.scene()
        let before = world.clock.now
        world.clock.advance(seconds: 10)
        try await orchestrator.start(
            .simple("r", gate: .init(overdueAfter: "1h"), concurrent: 1))
        let started = world.clock.now
        world.clock.advance(seconds: 10)
        let offer = try #require(try await devices[1].checkIn(orchestrator).offer)
        let held = world.clock.now
        let live = try await orchestrator.explain(devices[0].id, at: nil)
        #expect(live.rollouts.first?.steps.last?.rule == "concurrent")

        world.clock.advance(seconds: 10)
        devices[1].boots(offer)
        _ = try await devices[1].checkIn(orchestrator, .proven(offer.nonce))
        _ = try await orchestrator.change(devices[0].id, .hold(reason: "lab"), by: World.author)
        _ = try await orchestrator.control(must(RolloutName("r")), .abort)
        world.clock.advance(seconds: 10)

        func told(_ moment: Instant?, _ device: Int = 0) async throws -> DeviceExplanation {
            try await orchestrator.explain(devices[device].id, at: moment)
        }
        #expect(try await told(before).rollouts.isEmpty, "it had not been started")
        #expect(
            try await told(started).conclusion == "r: it is offered acme 2.0.0 in wave 1")
        let then = try await told(held)
        #expect(then.rollouts == live.rollouts)
        #expect(then.conclusion == live.conclusion && then.facts == live.facts)
        // What a device was told at a moment is the answer, not a reason.
        let offered = try await told(held, 1)
        #expect(offered.conclusion == "r: it is offered acme 2.0.0 in wave 1")
        let later = try await told(held.advanced(by: .seconds(1)), 1)
        #expect(later.rollouts.first?.ruling.contains("not answered") == true)
        let now = try await told(nil)
        #expect(now.rollouts.first?.ruling == "the rollout is aborted: an operator asked for it")
        #expect(now.facts.contains("held: lab") && !then.facts.contains("held: lab"))
        #expect(then.events.allSatisfy { $0.at <= held })
    }

    @Test func aDeviceThatWasNotThereIsUnknown() async throws {
        let (world, orchestrator, devices) = try await Self.scene()
        let early = world.clock.now.advanced(by: .seconds(-1))
        await #expect(
            throws: Refusal.unknown("there is no device called device-0 at \(early)")
        ) { try await orchestrator.explain(devices[0].id, at: early) }
    }

    @Test func aRolloutIsExplainedByItsGate() async throws {
        var (_, orchestrator, devices) = try await Self.scene()
        try await orchestrator.start(
            .simple("r", gate: .init(minConfirmed: 3, overdueAfter: "1h")))
        try await devices.prove(0, orchestrator)
        let told = try await orchestrator.explain(must(RolloutName("r")))
        #expect(told.verdict == "hold: 1 devices are proven, 3 are needed")
        #expect(told.steps.map(\.rule) == ["harm", "soak", "confirmed"])
        #expect(told.steps.last?.holds == false)
        #expect(told.steps[0].detail.hasPrefix("0 of 1 failed: evidence 0."))
        #expect(told.events.map(\.what).contains { $0.hasPrefix("started by ada") })
    }
}
