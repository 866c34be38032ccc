import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// Devices that failed and are tried again, and what the gate makes of it.
@Suite struct RetryTests {
    private static func scene(
        _ count: Int, _ retries: RolloutFile.Retries = .init(max: 2, backoff: "10m")
    ) async throws -> (World, Orchestrator, [TestDevice]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        let devices = try await [TestDevice].enrolled(count, orchestrator)
        try await orchestrator.start(
            .simple("r", gate: .init(overdueAfter: "1h")) { $0.retries = retries })
        return (world, orchestrator, devices)
    }

    @Test func aDeviceIsTriedAgainAfterItsPauseAndNotBefore() async throws {
        var (world, orchestrator, devices) = try await Self.scene(1)
        try await devices.fail(0, .download, orchestrator)
        #expect(try await devices[0].checkIn(orchestrator).order == nil)
        let rules = try await orchestrator.device(devices[0].id).decisions.map(\.rule)
        #expect(rules.first?.hasPrefix("it failed (download) and is tried again from") == true)

        world.clock.advance(seconds: 599)
        #expect(try await devices[0].checkIn(orchestrator).order == nil)
        world.clock.advance(seconds: 1)
        try await devices.fail(0, .download, orchestrator)
        world.clock.advance(seconds: 1199)
        #expect(try await devices[0].checkIn(orchestrator).order == nil)
        world.clock.advance(seconds: 1)
        try await devices.fail(0, .download, orchestrator)
        world.clock.advance(seconds: 86_400)
        #expect(try await devices[0].checkIn(orchestrator).order == nil, "two retries are all")
    }

    /// Nobody is harmed by a download that failed: it neither stops the wave nor lets it pass.
    @Test func whatIsTriedAgainIsUndecided() async throws {
        var (world, orchestrator, devices) = try await Self.scene(4)
        for index in 0..<3 { try await devices.fail(index, .download, orchestrator) }
        try await devices.prove(3, orchestrator)
        let waiting = try await orchestrator.simple()
        #expect(waiting.state == "running")
        #expect(waiting.waves[0].retrying == 3 && waiting.waves[0].failed == 0)

        world.clock.advance(seconds: 600)
        for index in 0..<3 { try await devices.prove(index, orchestrator) }
        let done = try await orchestrator.simple()
        #expect(done.state == "completed", "\(done.reason)")
        #expect(done.waves[0].proven == 4 && done.waves[0].retrying == 0)
    }

    /// P2: a device that is to be tried again and never comes has failed.
    @Test func aRetryThatNobodyBeginsCountsAsTheFailureItWas() async throws {
        var (world, orchestrator, devices) = try await Self.scene(3)
        for index in 0..<3 { try await devices.fail(index, .download, orchestrator) }
        world.clock.advance(seconds: 600 + 3599)
        try await orchestrator.step()
        #expect(try await orchestrator.simple().state == "running")
        world.clock.advance(seconds: 1)
        try await orchestrator.step()
        let stopped = try await orchestrator.simple()
        #expect(stopped.state == "paused")
        #expect(stopped.failures == [.init(kind: .download, devices: 3)])
    }

    /// A retry that was begun in time is undecided for as long as it goes on.
    @Test func aRetryThatGoesOnIsUndecided() async throws {
        var (world, orchestrator, devices) = try await Self.scene(3)
        for index in 0..<3 { try await devices.fail(index, .download, orchestrator) }
        world.clock.advance(seconds: 600)
        for index in 0..<3 {
            let offer = try #require(try await devices[index].checkIn(orchestrator).offer)
            world.clock.advance(seconds: 1000)
            _ = try await devices[index].checkIn(
                orchestrator, .downloading(offer.nonce, bytesDone: 1, bytesTotal: 11))
        }
        world.clock.advance(seconds: 1400)
        try await orchestrator.step()
        let waiting = try await orchestrator.simple()
        #expect(waiting.state == "running" && waiting.failures.isEmpty, "\(waiting.reason)")
    }

    /// Nobody can try again while nothing is offered.
    @Test func aPausePutsRetriesOff() async throws {
        var (world, orchestrator, devices) = try await Self.scene(3)
        for index in 0..<3 { try await devices.fail(index, .download, orchestrator) }
        _ = try await orchestrator.control(must(RolloutName("r")), .pause)
        world.clock.advance(seconds: 86_400)
        _ = try await orchestrator.control(must(RolloutName("r")), .resume)
        world.clock.advance(seconds: 3599)
        try await orchestrator.step()
        #expect(try await orchestrator.simple().waves[0].retrying == 3)
        for index in 0..<3 { try await devices.prove(index, orchestrator) }
        #expect(try await orchestrator.simple().state == "completed")
    }

    /// A release that always fails is stopped at once, though its devices would be tried again.
    @Test func aFailureOfTheNewImageCountsAtOnce() async throws {
        var (_, orchestrator, devices) = try await Self.scene(
            9, .init(max: 9, classes: ["boot", "health"]))
        try await devices.fail(0, .health, orchestrator)
        try await devices.fail(1, .boot, orchestrator)
        #expect(try await orchestrator.simple().state == "paused")
    }

    /// P2: such a device counts as failed until it has proven the release.
    @Test func aFailureIsMadeGoodByProofOnly() async throws {
        var (world, orchestrator, devices) = try await Self.scene(
            9, .init(max: 9, backoff: "10m", classes: ["boot"]))
        try await devices.fail(0, .boot, orchestrator)
        world.clock.advance(seconds: 600)
        let again = try #require(try await devices[0].checkIn(orchestrator).offer)
        // While it tries again, the next failure elsewhere is still the second one.
        try await devices.fail(1, .boot, orchestrator)
        #expect(try await orchestrator.simple().state == "paused")
        _ = again
    }

    /// What was taken back was never tried.
    @Test func aRetryThatIsTakenBackIsNotCounted() async throws {
        var (world, orchestrator, devices) = try await Self.scene(1)
        try await devices.fail(0, .download, orchestrator)
        world.clock.advance(seconds: 600)
        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        _ = try await orchestrator.control(must(RolloutName("r")), .pause)
        #expect(try await devices[0].checkIn(orchestrator).order == .cancel(offer.nonce))
        _ = try await orchestrator.control(must(RolloutName("r")), .resume)
        // Two retries are left still.
        try await devices.fail(0, .download, orchestrator)
        world.clock.advance(seconds: 1200)
        try await devices.fail(0, .download, orchestrator)
        world.clock.advance(seconds: 86_400 / 2)
        #expect(try await devices[0].checkIn(orchestrator).order == nil)
    }

    @Test func anOverdueDeviceIsTriedAgainWhenItComesBack() async throws {
        var (world, orchestrator, devices) = try await Self.scene(4)
        for index in 1..<4 { try await devices.prove(index, orchestrator) }
        let lost = try #require(try await devices[0].checkIn(orchestrator).offer)
        world.clock.advance(seconds: 3601)
        try await orchestrator.step()
        #expect(try await orchestrator.simple().failures == [.init(kind: .overdue, devices: 1)])
        // It comes back with the old image, and gets another chance ten minutes later.
        #expect(
            try await devices[0].checkIn(
                orchestrator, .downloading(lost.nonce, bytesDone: 1, bytesTotal: 11)
            ).order == .cancel(lost.nonce))
        world.clock.advance(seconds: 600)
        try await devices.prove(0, orchestrator)
        let done = try await orchestrator.simple()
        #expect(done.waves[0].proven == 4 && done.failures.isEmpty)
    }

    // MARK: by an operator

    @Test func anOperatorLetsFailedDevicesTryOnceMore() async throws {
        var (world, orchestrator, devices) = try await Self.scene(9, .init(max: 0))
        let name = must(RolloutName("r"))
        try await devices.fail(0, .boot, orchestrator)
        for index in 1..<4 { try await devices.prove(index, orchestrator) }
        world.clock.advance(seconds: 3)
        #expect(try await devices[0].checkIn(orchestrator).order == nil)
        await #expect(throws: Refusal.conflict("no device of rollout r failed that way")) {
            try await orchestrator.retry(name, [.download], by: World.author)
        }
        let before = world.clock.now
        world.clock.advance(seconds: 3)
        let granted = try await orchestrator.retry(name, [.boot], by: World.author)
        #expect(granted.failures == [.init(kind: .boot, devices: 1)], "it still counts")
        try await devices.fail(0, .boot, orchestrator)
        #expect(try await devices[0].checkIn(orchestrator).order == nil, "once is once")
        let then = try await orchestrator.explain(devices[0].id, at: before)
        #expect(then.conclusion == "r: it has already failed in this rollout (boot)")
        let after = try await orchestrator.explain(
            devices[0].id, at: before.advanced(by: .seconds(2)))
        #expect(after.conclusion == "r: it has already failed in this rollout (boot)")
        _ = try await orchestrator.retry(name, [], by: World.author)
        try await devices.prove(0, orchestrator)
        #expect(try await orchestrator.simple().failures.isEmpty)
    }

    // MARK: quarantine

    @Test func aDeviceThatKeepsFailingIsQuarantinedUntilSomebodyLooks() async throws {
        var (world, orchestrator, devices) = try await Self.scene(
            9, .init(max: 20, backoff: "1s", classes: ["download"]))
        for _ in 0..<5 {
            try await devices.fail(0, .download, orchestrator)
            world.clock.advance(seconds: 3000)
        }
        let device = try await orchestrator.device(devices[0].id)
        #expect(device.lifecycle == .quarantined)
        #expect(device.decisions.first?.rule.contains("quarantined") == true)
        #expect(try await devices[0].checkIn(orchestrator).order == nil)

        _ = try await orchestrator.change(devices[0].id, .resume, by: World.author)
        #expect(try await devices[0].checkIn(orchestrator).offer != nil)
    }

    @Test func aProofEndsTheRow() async throws {
        var (world, orchestrator, devices) = try await Self.scene(
            2, .init(max: 20, backoff: "1s", classes: ["download"]))
        for _ in 0..<4 {
            try await devices.fail(0, .download, orchestrator)
            world.clock.advance(seconds: 10)
        }
        try await devices.prove(0, orchestrator)
        try await world.publish("2.1.0", to: orchestrator)
        try await orchestrator.start(.simple("s", release: "acme 2.1.0"))
        try await devices.fail(0, .download, orchestrator)
        let told = try await orchestrator.device(devices[0].id)
        #expect(told.lifecycle == .active)
    }
}
