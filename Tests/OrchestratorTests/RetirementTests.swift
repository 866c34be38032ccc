import Model
import OpenSSL
import Orchestrator
import TestSupport
import Testing
import Wire

/// Devices that leave the fleet for good.
@Suite struct RetirementTests {
    private func retire(
        _ device: TestDevice, wipe: Bool = false, _ orchestrator: Orchestrator
    ) async throws {
        _ = try await orchestrator.change(
            device.id, .retire(demandsWipe: wipe), by: World.author)
    }

    @Test func theWordOfARetiredDeviceCountsNoMore() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        device.attributes = try Attributes(["site": "berlin"])
        _ = try await device.checkIn(orchestrator)
        try await retire(device, orchestrator)

        device.attributes = try Attributes(["site": "paris"])
        device.boot.sha256 = nil
        let directive = try await device.checkIn(orchestrator)

        #expect(directive.order == .retire(wipe: false))
        let known = try await orchestrator.device(device.id)
        #expect(known.lifecycle == .retired)
        #expect(known.attributes["site"] == "berlin")
        #expect(known.boot.sha256 != nil)
        #expect(known.retirement?.at == world.clock.now)
    }

    @Test func aWipeIsDemandedUntilTheDeviceHasSaidHowItEnded() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        _ = try await device.checkIn(orchestrator)
        try await retire(device, wipe: true, orchestrator)

        let first = try await device.checkIn(orchestrator)
        let again = try await device.checkIn(orchestrator)
        #expect(first.order == .retire(wipe: true))
        #expect(again.order == .retire(wipe: true))
        var known = try await orchestrator.device(device.id)
        #expect(known.retirement?.wipe == .demanded)

        device.wipe = .done
        let last = try await device.checkIn(orchestrator)
        #expect(last.order == .retire(wipe: false))
        known = try await orchestrator.device(device.id)
        #expect(known.retirement?.wipe == .done(at: world.clock.now))
    }

    @Test func aWipeThatFailedCanBeDemandedAgain() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        _ = try await device.checkIn(orchestrator)
        try await retire(device, wipe: true, orchestrator)

        device.wipe = .failed("the disk is stuck")
        _ = try await device.checkIn(orchestrator)
        var known = try await orchestrator.device(device.id)
        #expect(known.retirement?.wipe == .failed("the disk is stuck", at: world.clock.now))

        try await retire(device, wipe: true, orchestrator)
        known = try await orchestrator.device(device.id)
        #expect(known.retirement?.wipe == .demanded)
    }

    /// Only a device that was told to has erased itself; nothing is believed unasked.
    @Test func aWipeThatNobodyDemandedIsNotNoted() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        _ = try await device.checkIn(orchestrator)
        try await retire(device, orchestrator)

        device.wipe = .done
        _ = try await device.checkIn(orchestrator)

        let known = try await orchestrator.device(device.id)
        #expect(known.retirement?.wipe == nil)
    }

    @Test func nobodyTakesTheIdOfARetiredDeviceUnlessAPersonSaysSo() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        _ = try await device.checkIn(orchestrator)
        try await retire(device, orchestrator)
        var successor = TestDevice(id: device.id, key: Keys.key(99), boot: device.boot)

        await expectStranger { _ = try await successor.checkIn(orchestrator) }
        var known = try await orchestrator.device(device.id)
        #expect(known.lifecycle == .retired)
        #expect(known.askedKey == successor.key.ed25519PublicKey)

        _ = try await orchestrator.change(
            device.id, .acceptKey(successor.key.ed25519PublicKey), by: World.author)
        _ = try await successor.checkIn(orchestrator)
        known = try await orchestrator.device(device.id)
        #expect(known.lifecycle == .active)
        #expect(known.retirement == nil)
        await expectStranger { _ = try await device.checkIn(orchestrator) }
    }

    @Test func aRetiredDeviceHoldsNoLeaseAndNoWave() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        _ = try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(5, orchestrator)
        try await orchestrator.start(.simple("r", concurrent: 1))
        let held = try await devices[0].checkIn(orchestrator).offer
        #expect(held != nil)

        // One with a lease, and one that was never tried.
        try await retire(devices[0], orchestrator)
        try await retire(devices[1], orchestrator)
        for index in 2..<5 { try await devices.prove(index, orchestrator) }
        world.clock.advance(seconds: 1)
        try await orchestrator.step()

        let rollout = try await orchestrator.simple()
        #expect(rollout.state == "completed", "\(rollout.reason)")
        #expect(rollout.waves.map(\.offered) == [0])
    }

    @Test func aShareOfASiteIsAShareOfThoseThatAreStillThere() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        _ = try await world.publish("2.0.0", to: orchestrator)
        var devices = (0..<4).map { TestDevice($0) }
        for index in devices.indices {
            devices[index].attributes = try Attributes(["site": "berlin"])
            _ = try await devices[index].checkIn(orchestrator)
        }
        try await orchestrator.start(.simple("r") { $0.limits.per = ["site": "50%"] })
        try await retire(devices[2], orchestrator)
        try await retire(devices[3], orchestrator)

        let first = try await devices[0].checkIn(orchestrator).offer
        let second = try await devices[1].checkIn(orchestrator).offer
        #expect(first != nil)
        #expect(second == nil)
    }
}
