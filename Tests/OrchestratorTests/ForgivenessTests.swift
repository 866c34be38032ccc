import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// What resuming sets aside, and what it does not.
@Suite struct ForgivenessTests {
    private static let name = must(RolloutName("r"))

    private static func scene(
        _ count: Int, boards: [String] = []
    ) async throws -> (World, Orchestrator, [TestDevice]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = (0..<count).map { TestDevice($0) }
        for index in devices.indices {
            if !boards.isEmpty {
                devices[index].attributes = try Attributes(["board": boards[index % boards.count]])
            }
            _ = try await devices[index].checkIn(orchestrator)
        }
        try await orchestrator.start(.simple("r", gate: .init(overdueAfter: "1h")))
        return (world, orchestrator, devices)
    }

    @Test func failuresThatStoppedItStopItNoMoreAndNewOnesDo() async throws {
        var (_, orchestrator, devices) = try await Self.scene(30)
        for index in 0..<2 { try await devices.fail(index, .health, orchestrator) }
        #expect(try await orchestrator.simple().state == "paused")
        _ = try await orchestrator.control(Self.name, .resume)
        try await orchestrator.step()
        #expect(try await orchestrator.simple().state == "running")
        try await devices.fail(2, .health, orchestrator)
        #expect(try await orchestrator.simple().state == "running")
        try await devices.fail(3, .health, orchestrator)
        #expect(try await orchestrator.simple().state == "paused", "two new ones are harm")
    }

    /// P3: what came in after the stop has not been seen by whoever resumed.
    @Test func aFailureDuringThePauseIsNews() async throws {
        var (_, orchestrator, devices) = try await Self.scene(30)
        let late = try #require(try await devices[9].checkIn(orchestrator).offer)
        let later = try #require(try await devices[8].checkIn(orchestrator).offer)
        for index in 0..<2 { try await devices.fail(index, .health, orchestrator) }
        _ = try await devices[9].checkIn(orchestrator, .installed(late.nonce))
        let failure = Failure(.boot, "dead")
        _ = try await devices[9].checkIn(orchestrator, .failed(late.nonce, failure))
        _ = try await devices[8].checkIn(orchestrator, .failed(later.nonce, failure))
        _ = try await orchestrator.control(Self.name, .resume)
        try await orchestrator.step()
        #expect(try await orchestrator.simple().state == "paused")
    }

    /// After a resume, the kind of device that fails is still found.
    @Test func theBoardThatFailsIsNamedAfterAResumeToo() async throws {
        var (_, orchestrator, devices) = try await Self.scene(
            160, boards: ["A", "B", "C", "D", "E", "F", "G", "H"])
        for index in [0, 1] { try await devices.fail(index, .health, orchestrator) }
        _ = try await orchestrator.control(Self.name, .resume)
        for index in 2..<80 {
            let offer = try await devices[index].checkIn(orchestrator).offer
            guard let offer else { continue }
            if index % 8 == 2 {
                _ = try await devices[index].checkIn(
                    orchestrator, .failed(offer.nonce, Failure(.health, "no modem")))
            } else {
                devices[index].boots(offer)
                _ = try await devices[index].checkIn(orchestrator, .proven(offer.nonce))
            }
        }
        let rollout = try await orchestrator.simple()
        #expect(rollout.state == "running", "\(rollout.reason)")
        #expect(rollout.reason.contains("paused for board C:"), "\(rollout.reason)")

        // Somebody has mended these boards: they are let in again, and their failures are set aside.
        let kind = StratumRequest(attribute: "board", value: "C")
        let resumed = try await orchestrator.resume(Self.name, for: kind, by: World.author)
        #expect(!resumed.reason.contains("paused for"), "\(resumed.reason)")
        try await devices.prove(82, orchestrator)
        try await orchestrator.step()
        #expect(try await orchestrator.simple().state == "running")
        await #expect(throws: Refusal.conflict("rollout r is not paused for board C")) {
            try await orchestrator.resume(Self.name, for: kind, by: World.author)
        }
    }
}
