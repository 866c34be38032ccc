import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// A server whose clock is set forth or back by an hour while it runs.
@Suite struct ClockStepTests {
    private static let hour: Int64 = 3600
    private static let other = must(OperatorName("bob"))

    /// One of three devices at a time, with leases of half an hour; a server that has just beaten.
    private static func scene(
        soak: String? = nil, approval: String? = nil
    ) async throws -> (World, Orchestrator, [TestDevice], Offer) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(3, orchestrator)
        try await orchestrator.start(
            .simple(
                "r",
                waves: [
                    .init(name: "first", percent: "100", soak: soak, approval: approval)
                ], gate: .init(overdueAfter: "30m"), concurrent: 1))
        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        try await orchestrator.beat()
        return (world, orchestrator, devices, offer)
    }

    // MARK: Leases

    /// P4: the device goes on installing, so its place is taken, whatever the clock says.
    @Test func noPlaceIsFreeEarlyWhenTheClockIsSetForth() async throws {
        var (world, orchestrator, devices, offer) = try await Self.scene()
        world.clock.advance(seconds: Self.hour)
        // Before the server has noticed, and after.
        for isNoticed in [false, true] {
            if isNoticed { try await orchestrator.beat() }
            try await orchestrator.step()
            let told = try await devices[1].checkIn(orchestrator).offer
            #expect(told == nil)
        }
        devices[0].boots(offer)
        _ = try await devices[0].checkIn(orchestrator, .proven(offer.nonce))
        let rollout = try await orchestrator.simple()
        #expect(rollout.failures.isEmpty)
        let next = try await devices[1].checkIn(orchestrator).offer
        #expect(next != nil)
    }

    /// The device that has the lease may be the first that anything is heard of.
    @Test func aDeviceIsNotOverdueBecauseTheClockWasSetForth() async throws {
        var (world, orchestrator, devices, offer) = try await Self.scene()
        world.clock.advance(seconds: Self.hour)
        let again = try await devices[0].checkIn(
            orchestrator, .downloading(offer.nonce, bytesDone: 1, bytesTotal: 2))
        #expect(again.offer?.nonce == offer.nonce)
        // From its point of view, too, the lease is good.
        #expect(try #require(again.offer).expires > world.clock.now)
    }

    @Test func aPlaceIsFreeInTheEndWhenTheClockIsSetBack() async throws {
        var (world, orchestrator, devices, _) = try await Self.scene()
        world.clock.advance(seconds: -Self.hour)
        try await orchestrator.beat()
        for _ in 0..<100 {
            world.clock.advance(seconds: 54)
            try await orchestrator.beat()
            try await orchestrator.step()
        }
        // Half an hour, and the hour by which the clock was set back.
        let told = try await devices[1].checkIn(orchestrator).offer
        #expect(told != nil)
        let rollout = try await orchestrator.simple()
        #expect(rollout.failures == [.init(kind: .overdue, devices: 1)])
    }

    @Test func aDeviceThatComesIsToldOfALeaseByTheClockAsItIs() async throws {
        var (world, orchestrator, devices, offer) = try await Self.scene()
        world.clock.advance(seconds: -Self.hour)
        let early = try await devices[0].checkIn(orchestrator).offer
        #expect(try #require(early).expires == world.clock.now.advanced(by: .seconds(1800)))
        try await orchestrator.beat()
        world.clock.advance(seconds: Self.hour)
        let late = try await devices[0].checkIn(orchestrator).offer
        #expect(late?.nonce == offer.nonce)
        #expect(try #require(late).expires == world.clock.now.advanced(by: .seconds(1800)))
    }

    // MARK: Soaks

    /// P3: an hour that has not passed is no hour of health.
    @Test func noSoakIsShorterBecauseTheClockWasSetForth() async throws {
        var (world, orchestrator, devices, offer) = try await Self.scene(soak: "1h")
        for index in devices.indices {
            let offer = index == 0 ? offer : try await devices[index].checkIn(orchestrator).offer
            devices[index].boots(try #require(offer))
            _ = try await devices[index].checkIn(
                orchestrator, .proven(try #require(offer).nonce))
        }
        world.clock.advance(seconds: Self.hour)
        for isNoticed in [false, true] {
            if isNoticed { try await orchestrator.beat() }
            try await orchestrator.step()
            let rollout = try await orchestrator.simple()
            #expect(rollout.state == "running")
        }
        for _ in 0..<60 {
            world.clock.advance(seconds: 59)
            try await orchestrator.beat()
        }
        try await orchestrator.step()
        let nearly = try await orchestrator.simple()
        #expect(nearly.state == "running")
        world.clock.advance(seconds: 59)
        try await orchestrator.beat()
        world.clock.advance(seconds: 2)
        try await orchestrator.step()
        let rollout = try await orchestrator.simple()
        #expect(rollout.state == "completed")
    }

    @Test func whatWasApprovedStaysApproved() async throws {
        var (world, orchestrator, devices, offer) = try await Self.scene(
            soak: "1m", approval: "required")
        _ = try await orchestrator.approve(must(RolloutName("r")), by: Self.other)
        for index in devices.indices {
            let offer = index == 0 ? offer : try await devices[index].checkIn(orchestrator).offer
            devices[index].boots(try #require(offer))
            _ = try await devices[index].checkIn(
                orchestrator, .proven(try #require(offer).nonce))
        }
        world.clock.advance(seconds: Self.hour)
        try await orchestrator.beat()
        world.clock.advance(seconds: 59)
        try await orchestrator.beat()
        world.clock.advance(seconds: 2)
        try await orchestrator.step()
        let rollout = try await orchestrator.simple()
        #expect(rollout.state == "completed")
    }

    // MARK: What waits

    /// A pause of a second is a pause of a second, wherever the clock is.
    @Test func noWebHookWaitsForAnHour() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let hook = try await orchestrator.addWebHook(
            WebHookRequest(url: "https://hooks.example.com/a", kinds: [], secret: nil),
            by: World.author)
        let delivery = try #require(try await orchestrator.dueDelivery(for: hook.id))
        try await orchestrator.book(.failed("cut"), of: delivery, luck: 0)
        world.clock.advance(seconds: -Self.hour + 10)
        let due = try await orchestrator.dueDelivery(for: hook.id)
        #expect(due != nil)
    }

    /// P6: rows are in the order in which things happened, whatever moments they bear.
    @Test func theLogIsVerifiedWhateverTheClockDid() async throws {
        let (world, orchestrator, devices, _) = try await Self.scene()
        let books = try FaultBooks(world.databasePath)
        for seconds in [Self.hour, -2 * Self.hour, Self.hour] {
            world.clock.advance(seconds: seconds)
            try await orchestrator.beat()
            for (device, change) in [
                (devices[1].id, Orchestrator.DeviceChange.hold(reason: "lab")),
                (devices[1].id, .resume),
            ] { _ = try await orchestrator.change(device, change, by: World.author) }
            try await orchestrator.signAuditWhenDue()
            try await books.checkAudit(orchestrator)
        }
    }
}
