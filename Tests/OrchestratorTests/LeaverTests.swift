import Model
import OpenSSL
import Orchestrator
import Stores
import TestSupport
import Testing
import Wire

/// Devices that are retired leave every number that others are a share of.
@Suite struct LeaverTests {
    private static let canaries = [
        RolloutFile.Wave(name: "canary", count: 2, soak: "0s"),
        RolloutFile.Wave(name: "everybody", percent: "100", soak: "0s"),
    ]

    private func fleet(
        _ count: Int, onPostgres: Bool = false
    ) async throws -> (World, Orchestrator, [TestDevice]) {
        let world = try World()
        let store: (any Store)? =
            onPostgres
            ? try PostgresStore(url: PostgresServer.shared.get().makeDatabase()) : nil
        let orchestrator = try await world.orchestrator(store: store)
        _ = try await world.publish("2.0.0", to: orchestrator)
        return (world, orchestrator, try await .enrolled(count, orchestrator))
    }

    private func retire(_ device: TestDevice, _ orchestrator: Orchestrator) async throws {
        _ = try await orchestrator.change(
            device.id, .retire(demandsWipe: false), by: World.author)
    }

    private func afterAStep(_ world: World, _ orchestrator: Orchestrator) async throws
        -> RolloutSummary
    {
        world.clock.advance(seconds: 1)
        try await orchestrator.step()
        return try await orchestrator.simple()
    }

    @Test(arguments: [false, true])
    func aWaveWhoseDevicesRetireStillPassesItsGate(onPostgres: Bool) async throws {
        var (world, orchestrator, devices) = try await fleet(6, onPostgres: onPostgres)
        let started = try await orchestrator.start(.simple("r"))
        #expect(started.waves.map(\.devices) == [6])

        // One with a lease, and two that were never tried; three are fewer than half of six.
        _ = try #require(try await devices[0].checkIn(orchestrator).offer)
        for index in 0..<3 { try await retire(devices[index], orchestrator) }
        for index in 3..<6 { try await devices.prove(index, orchestrator) }

        let rollout = try await afterAStep(world, orchestrator)
        #expect(rollout.state == "completed", "\(rollout.reason)")
        #expect(rollout.waves.map(\.devices) == [3])
        let standing = try await orchestrator.fleetState().rollouts.first
        #expect(standing.map { $0.waves.map(\.planned) == [3] } ?? true)
    }

    @Test func theMetricsOfAWaveLeaveOutWhoLeft() async throws {
        let (_, orchestrator, devices) = try await fleet(6)
        try await orchestrator.start(.simple("r", waves: Self.canaries))
        let before = try await orchestrator.fleetState()
        #expect(before.rollouts.first?.waves.map(\.planned) == [2, 6])

        for device in devices { try await retire(device, orchestrator) }

        let after = try await orchestrator.fleetState()
        #expect(after.rollouts.first?.waves.map(\.planned) == [0, 0])
    }

    /// Promise P3: nobody is proven, so nothing opens.
    @Test func aWaveThatHasLostAllItsDevicesOpensNothing() async throws {
        let (world, orchestrator, devices) = try await fleet(6)
        try await orchestrator.start(.simple("r", waves: Self.canaries))
        for var device in devices where try await device.checkIn(orchestrator).offer != nil {
            try await retire(device, orchestrator)
        }

        let rollout = try await afterAStep(world, orchestrator)
        #expect(rollout.state == "running" && rollout.wave == 0)
        #expect(rollout.waves.map(\.devices) == [0, 4])
    }

    @Test func whatARetiredDeviceHasProvenStaysProven() async throws {
        var (world, orchestrator, devices) = try await fleet(4)
        try await orchestrator.start(.simple("r"))
        for index in 0..<2 {
            try await devices.prove(index, orchestrator)
            try await retire(devices[index], orchestrator)
        }

        var rollout = try await afterAStep(world, orchestrator)
        #expect(rollout.state == "running")
        #expect(rollout.waves.map(\.devices) == [4] && rollout.waves.map(\.proven) == [2])
        for index in 2..<4 { try await devices.prove(index, orchestrator) }
        rollout = try await afterAStep(world, orchestrator)
        #expect(rollout.state == "completed")
    }

    /// Promise P2: to retire a device is no way to forgive what it did.
    @Test func theFailureOfARetiredDeviceStaysAFailure() async throws {
        var (_, orchestrator, devices) = try await fleet(4)
        try await orchestrator.start(.simple("r"))
        try await devices.fail(0, .health, orchestrator)
        try await retire(devices[0], orchestrator)

        let rollout = try await orchestrator.simple()
        #expect(rollout.waves.map(\.devices) == [3] && rollout.waves.map(\.failed) == [1])
    }

    @Test func whomThePlanDidNotCountTakesNothingAway() async throws {
        let (world, orchestrator, devices) = try await fleet(4)
        _ = try await orchestrator.change(
            devices[0].id, .hold(reason: "lab"), by: World.author)
        let started = try await orchestrator.start(.simple("r"))
        #expect(started.waves.map(\.devices) == [3])
        world.clock.advance(seconds: 1)
        var newcomer = TestDevice(9)
        _ = try await newcomer.checkIn(orchestrator)

        try await retire(newcomer, orchestrator)
        try await retire(devices[0], orchestrator)

        let rollout = try await orchestrator.simple()
        #expect(rollout.waves.map(\.devices) == [3])
    }

    @Test func whoeverComesBackCountsAgain() async throws {
        let (_, orchestrator, devices) = try await fleet(4)
        try await orchestrator.start(.simple("r"))
        try await retire(devices[0], orchestrator)
        // Told to erase itself besides: it leaves once all the same.
        _ = try await orchestrator.change(
            devices[0].id, .retire(demandsWipe: true), by: World.author)
        var rollout = try await orchestrator.simple()
        #expect(rollout.waves.map(\.devices) == [3])

        var successor = TestDevice(id: devices[0].id, key: Keys.key(99), boot: devices[0].boot)
        await expectStranger { _ = try await successor.checkIn(orchestrator) }
        _ = try await orchestrator.change(
            devices[0].id, .acceptKey(successor.key.ed25519PublicKey), by: World.author)

        rollout = try await orchestrator.simple()
        #expect(rollout.waves.map(\.devices) == [4])
    }

    @Test func nobodyGoesBackWhoIsNotThere() async throws {
        var (_, orchestrator, devices) = try await fleet(2)
        try await orchestrator.start(.simple("r"))
        for index in 0..<2 {
            try await devices.prove(index, orchestrator)
            try await retire(devices[index], orchestrator)
        }

        await #expect(throws: Refusal.invalid("no device has the release from rollout r")) {
            _ = try await orchestrator.planRevert(of: must(RolloutName("r")), to: nil)
        }
    }

    @Test func aCohortPicksNobodyWhoIsRetired() async throws {
        let (_, orchestrator, devices) = try await fleet(3)
        let name = must(CohortName("everybody"))
        _ = try await orchestrator.save(
            CohortRequest(selector: "all"), as: name, by: World.author)
        try await retire(devices[0], orchestrator)

        let cohort = try await orchestrator.cohort(name)
        #expect(cohort.devices == 2)
    }
}
