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

    /// A rollout whose two canaries enrolled first, and others who are all alive.
    private func fleet() async throws -> (World, Orchestrator, [TestDevice]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        // One by one id at the beginning of the fleet, and one at its end.
        var canaries = ["a", "z"].map {
            TestDevice(id: must(DeviceID($0)), key: Keys.key(7), boot: TestDevice(0).boot)
        }
        for index in canaries.indices { _ = try await canaries[index].checkIn(orchestrator) }
        let waves: [RolloutFile.Wave] = [
            .init(name: "canary", sample: 2), .init(name: "fleet", percent: "100"),
        ]
        try await orchestrator.start(.simple("r", waves: waves, gate: .init(minConfirmed: 2)))
        try await addOthers(to: world)
        return (world, orchestrator, canaries)
    }

    private func addOthers(to world: World) async throws {
        let now = world.clock.now
        let store = try SQLiteStore(path: world.databasePath)
        try await store.write(with: AuditPen(.server, at: now, hashing: OpenSSLHashing())) {
            store in
            guard let model = try store.device(must(DeviceID("a"))) else { return }
            for number in 0..<Self.count {
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

    @Test func aDeviceAtTheEndOfTheFleetHoldsTheWave() async throws {
        var (_, orchestrator, canaries) = try await fleet()
        try await canaries.prove(0, orchestrator)
        for _ in 0..<6 { try await orchestrator.step() }
        #expect(try await wave(orchestrator) == 0)
        try await canaries.prove(1, orchestrator)
        for _ in 0..<2 { try await orchestrator.step() }
        #expect(try await wave(orchestrator) == 1)
    }

    /// P3: whom nobody has looked at may be one that was not tried.
    @Test func theNextWaveOpensOnceEverybodyWasLookedAt() async throws {
        var (_, orchestrator, canaries) = try await fleet()
        for index in canaries.indices { try await canaries.prove(index, orchestrator) }
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
}
