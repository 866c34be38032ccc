import Model
import Orchestrator
import Testing
import Wire

/// A server that was away hears nobody, which is nobody's silence.
@Suite struct AbsenceTests {
    private static func scene() async throws -> (World, Orchestrator, [TestDevice], Offer) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(1, orchestrator)
        try await orchestrator.start(.simple("r", gate: .init(overdueAfter: "1h")))
        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        try await orchestrator.beat()
        return (world, orchestrator, devices, offer)
    }

    @Test func devicesGetTheTimeBackInWhichNobodyListened() async throws {
        var (world, _, devices, offer) = try await Self.scene()
        world.clock.advance(seconds: 3 * 3600)
        let restarted = try await world.orchestrator()
        try await restarted.excuseAbsence()
        try await restarted.step()
        #expect(try await restarted.simple().failures.isEmpty)
        devices[0].boots(offer)
        _ = try await devices[0].checkIn(restarted, .proven(offer.nonce))
        #expect(try await restarted.simple().state == "completed")
    }

    /// P2: whoever stays silent has failed, only later.
    @Test func silenceThatGoesOnIsAFailure() async throws {
        let (world, _, _, _) = try await Self.scene()
        world.clock.advance(seconds: 3 * 3600)
        let restarted = try await world.orchestrator()
        try await restarted.excuseAbsence()
        for _ in 0..<61 {
            world.clock.advance(seconds: 59)
            try await restarted.beat()
        }
        world.clock.advance(seconds: 2)
        try await restarted.step()
        #expect(try await restarted.simple().failures == [.init(kind: .overdue, devices: 1)])
    }

    /// A server that restarts again and again excuses nobody.
    @Test func aRestartIsNoAbsence() async throws {
        let (world, _, _, _) = try await Self.scene()
        for _ in 0..<100 {
            world.clock.advance(seconds: 40)
            let restarted = try await world.orchestrator()
            try await restarted.excuseAbsence()
            try await restarted.step()
        }
        let last = try await world.orchestrator()
        #expect(try await last.simple().failures == [.init(kind: .overdue, devices: 1)])
    }

    /// The server ran, and could write down nothing that it heard.
    @Test func anAbsenceOfTheDatabaseIsExcusedToo() async throws {
        var (world, orchestrator, devices, offer) = try await Self.scene()
        world.clock.advance(seconds: 3 * 3600)
        try await orchestrator.beat()
        try await orchestrator.step()
        #expect(try await orchestrator.simple().failures.isEmpty)
        devices[0].boots(offer)
        _ = try await devices[0].checkIn(orchestrator, .proven(offer.nonce))
        #expect(try await orchestrator.simple().state == "completed")
    }
}
