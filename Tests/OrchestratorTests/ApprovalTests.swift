import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// A wave that somebody other than the author has to approve.
@Suite struct ApprovalTests {
    private static let name = must(RolloutName("r"))
    private static let other = must(OperatorName("grace"))
    private static let waves: [RolloutFile.Wave] = [
        .init(name: "canary", sample: 2, approval: "required"),
        .init(name: "fleet", percent: "100"),
    ]

    /// A rollout whose canaries may have proven the release; nothing but approval is missing.
    private func rollout(
        proven: Bool = true, waves: [RolloutFile.Wave] = waves
    ) async throws -> Orchestrator {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = (0..<6).map { TestDevice($0) }
        for index in devices.indices { _ = try await devices[index].checkIn(orchestrator) }
        try await orchestrator.start(.simple("r", waves: waves, gate: .init(minConfirmed: 2)))
        for index in devices.indices where proven {
            guard let offer = try await devices[index].checkIn(orchestrator).offer else { continue }
            devices[index].boots(offer)
            _ = try await devices[index].checkIn(orchestrator, .proven(offer.nonce))
        }
        return orchestrator
    }

    @Test func theNextWaveWaitsForSomebodyElse() async throws {
        let orchestrator = try await rollout()
        let waiting = try await orchestrator.rollout(Self.name)
        #expect(waiting.wave == 0)
        #expect(waiting.reason.contains("somebody other than the author has to approve"))

        await #expect(throws: Refusal.self) {
            try await orchestrator.approve(Self.name, by: World.author)
        }
        try await orchestrator.step()
        #expect(try await orchestrator.rollout(Self.name).wave == 0)

        #expect(try await orchestrator.approve(Self.name, by: Self.other).wave == 1)
    }

    @Test func approvalStandsInForNothingElse() async throws {
        let orchestrator = try await rollout(proven: false)
        let approved = try await orchestrator.approve(Self.name, by: Self.other)
        #expect(approved.wave == 0)
        #expect(approved.reason.contains("0 devices are proven, 2 are needed"))
    }

    /// What was seen before a pause says nothing of what comes after it.
    @Test func aWaveThatOpensAgainNeedsAnotherApproval() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = (0..<3).map { TestDevice($0) }
        for index in devices.indices { _ = try await devices[index].checkIn(orchestrator) }
        try await orchestrator.start(.simple("r", waves: Self.waves, gate: .init(minConfirmed: 2)))
        _ = try await orchestrator.approve(Self.name, by: Self.other)
        _ = try await orchestrator.control(Self.name, .pause)
        world.clock.advance(seconds: 1)
        _ = try await orchestrator.control(Self.name, .resume)
        for index in devices.indices {
            guard let offer = try await devices[index].checkIn(orchestrator).offer else { continue }
            devices[index].boots(offer)
            _ = try await devices[index].checkIn(orchestrator, .proven(offer.nonce))
        }
        #expect(try await orchestrator.rollout(Self.name).wave == 0)
        #expect(try await orchestrator.approve(Self.name, by: Self.other).wave == 1)
    }

    @Test func thereHasToBeSomethingToApprove() async throws {
        let orchestrator = try await rollout(waves: [
            .init(name: "canary", sample: 2), .init(name: "fleet", percent: "100"),
        ])
        await #expect(throws: Refusal.self) {
            try await orchestrator.approve(Self.name, by: Self.other)
        }
        await #expect(throws: Refusal.self) {
            try await orchestrator.approve(must(RolloutName("nobodys")), by: Self.other)
        }
    }
}
