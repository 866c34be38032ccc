import Audit
import Model
import OpenSSL
import Orchestrator
import Stores
import TestSupport
import Testing
import Wire

/// Gates in a fleet that is too large to be looked at in one go.
@Suite struct LargeFleetTests {
    private static let name = must(RolloutName("r"))
    /// More than a step looks at, and less than two do.
    private static let count = 12_500

    /// A rollout whose two canaries enrolled first, and others, who are all alive.
    private func fleet() async throws -> (World, Orchestrator, [TestDevice]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        // By id, one stands at the beginning of the fleet and one at its end.
        var canaries = ["a", "z"].map {
            TestDevice(id: must(DeviceID($0)), key: Keys.key(7), boot: TestDevice(0).boot)
        }
        for index in canaries.indices { _ = try await canaries[index].checkIn(orchestrator) }
        let waves: [RolloutFile.Wave] = [
            .init(name: "canary", sample: 2), .init(name: "fleet", percent: "100"),
        ]
        try await orchestrator.start(.simple("r", waves: waves, gate: .init(minConfirmed: 2)))
        try await Self.add(0..<Self.count, to: world)
        return (world, orchestrator, canaries)
    }

    /// Devices like any other, which were heard of now.
    private static func add(_ numbers: Range<Int>, to world: World) async throws {
        let now = world.clock.now
        let store = try SQLiteStore(path: world.databasePath)
        try await store.write(with: AuditPen(.server, at: now, hashing: OpenSSLHashing())) {
            store in
            guard let model = try store.devices().first else { return }
            for number in numbers {
                let device = DeviceRecord(
                    id: must(DeviceID("m-\(number)")), hardware: model.hardware,
                    publicKey: model.publicKey, sequence: 1, lifecycle: .active, slot: model.slot,
                    bootID: model.bootID, release: model.release, image: model.image,
                    isConfirmed: true, phaseJSON: model.phaseJSON, lastFailure: nil,
                    reportedAttributes: .none, lastSeen: now, enrolled: now)
                try store.save(device, at: now)
            }
        }
    }

    private func wave(_ orchestrator: Orchestrator) async throws -> Int? {
        try await orchestrator.rollout(Self.name).wave
    }

    /// P3: whom nobody has looked at may be one that was not tried.
    @Test func theNextWaveOpensOnceEverybodyWasLookedAt() async throws {
        var (_, orchestrator, canaries) = try await fleet()
        try await canaries.prove(0, orchestrator)
        for _ in 0..<6 { try await orchestrator.step() }
        #expect(try await wave(orchestrator) == 0, "one at the end of the fleet was not tried")
        try await canaries.prove(1, orchestrator)
        #expect(try await wave(orchestrator) == 0)
        try await orchestrator.step()
        #expect(try await wave(orchestrator) == 0)
        _ = try await orchestrator.control(Self.name, .pause)
        _ = try await orchestrator.control(Self.name, .resume)
        try await orchestrator.step()
        #expect(try await wave(orchestrator) == 0, "everybody is looked at again after a change")
        try await orchestrator.step()
        #expect(try await wave(orchestrator) == 1)
    }

    /// Silence is weighed in the same step, though the fleet is read between two transactions.
    @Test(arguments: [true, false])
    func silenceOfUpdatedDevicesStopsUnlessOthersFellSilentToo(isOutage: Bool) async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(20, orchestrator)
        try await orchestrator.start(
            .simple(
                "r", waves: [.init(name: "first", count: 20), .init(name: "rest", percent: "100")],
                gate: .init(overdueAfter: "1h")))
        for index in devices.indices.dropFirst(14) {
            #expect(try await devices[index].checkIn(orchestrator).offer != nil)
        }
        for index in 0..<14 where isOutage { try await devices.prove(index, orchestrator) }
        if isOutage { try await Self.add(0..<1200, to: world) }
        world.clock.advance(seconds: 3500)
        try await Self.add(1200..<(isOutage ? 2400 : 4000), to: world)
        world.clock.advance(seconds: 101)
        try await orchestrator.step()
        let rollout = try await orchestrator.rollout(Self.name)
        #expect(rollout.state == (isOutage ? "running" : "paused"), "\(rollout.reason)")
        #expect(rollout.reason.contains("updated devices are silent, and so are") == isOutage)
    }
}
