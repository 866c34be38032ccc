import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// Devices that an operator keeps out of rollouts.
@Suite struct HoldTests {
    private func offering() async throws -> (Orchestrator, [TestDevice]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = (0..<3).map { TestDevice($0) }
        for index in devices.indices { _ = try await devices[index].checkIn(orchestrator) }
        try await orchestrator.start(.simple("r"))
        return (orchestrator, devices)
    }

    @Test func aHeldDeviceIsOfferedNothingUntilItIsResumed() async throws {
        var (orchestrator, devices) = try await offering()
        let held = try await orchestrator.change(
            devices[0].id, .hold(reason: "in court"), by: World.author)
        #expect(held.standing == "held: in court")
        #expect(try await devices[0].checkIn(orchestrator).order == nil)
        let told = try await orchestrator.device(devices[0].id)
        #expect(
            told.decisions.map(\.rule)
                == ["it is held: in court"])
        #expect(try await devices[1].checkIn(orchestrator).offer != nil)

        _ = try await orchestrator.change(devices[0].id, .resume, by: World.author)
        #expect(try await devices[0].checkIn(orchestrator).offer != nil)
    }

    @Test func aPinnedDeviceIsOfferedItsOwnReleaseOnly() async throws {
        var (orchestrator, devices) = try await offering()
        let pin = must(ReleaseID("acme 1.0.0"))
        let pinned = try await orchestrator.change(devices[0].id, .pin(pin), by: World.author)
        #expect(pinned.pin == pin)
        let refused = try await devices[0].checkIn(orchestrator)
        #expect(refused.order == nil)
        let told = try await orchestrator.device(devices[0].id)
        #expect(told.decisions.map(\.rule) == ["it is pinned to acme 1.0.0"])

        _ = try await orchestrator.change(devices[0].id, .unpin, by: World.author)
        let taken = try await devices[0].checkIn(orchestrator)
        #expect(taken.offer != nil)
    }

    @Test func pinningReachesADeviceThatDownloads() async throws {
        var (orchestrator, devices) = try await offering()
        let offered = try await devices[1].checkIn(orchestrator)
        let offer = try #require(offered.offer)
        let pin = must(ReleaseID("acme 1.0.0"))
        _ = try await orchestrator.change(devices[1].id, .pin(pin), by: World.author)
        let answer = try await devices[1].checkIn(orchestrator)
        #expect(answer.order == .cancel(offer.nonce))
    }

    /// What was not installed yet is called back.
    @Test func holdingReachesADeviceThatDownloads() async throws {
        var (orchestrator, devices) = try await offering()
        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        _ = try await orchestrator.change(devices[0].id, .hold(reason: "x"), by: World.author)
        let answer = try await devices[0].checkIn(
            orchestrator, .downloading(offer.nonce, bytesDone: 1, bytesTotal: 11))
        #expect(answer.order == .cancel(offer.nonce))
    }

    @Test func aRetiredDeviceIsToldToStopAndStaysRetired() async throws {
        var (orchestrator, devices) = try await offering()
        _ = try await devices[0].checkIn(orchestrator)
        let retired = try await orchestrator.change(
            devices[0].id, .retire(demandsWipe: false), by: World.author)
        #expect(retired.lifecycle == .retired)
        #expect(try await devices[0].checkIn(orchestrator).order == .retire(wipe: false))
        await #expect(throws: Refusal.conflict("device device-0 is retired")) {
            try await orchestrator.change(devices[0].id, .resume, by: World.author)
        }
        // It holds up no wave.
        for index in 1...2 {
            let offer = try #require(try await devices[index].checkIn(orchestrator).offer)
            devices[index].boots(offer)
            _ = try await devices[index].checkIn(orchestrator, .proven(offer.nonce))
        }
        #expect(try await orchestrator.rollout(must(RolloutName("r"))).state == "completed")
    }

    @Test func aHoldNeedsAReasonAndADevice() async throws {
        let (orchestrator, devices) = try await offering()
        for reason in ["", String(repeating: "x", count: 257), "a\u{0}b", "a\nb"] {
            await #expect(
                throws: Refusal.invalid(
                    "a reason of 1 to 256 bytes without control characters is needed")
            ) {
                try await orchestrator.change(
                    devices[0].id, .hold(reason: reason), by: World.author)
            }
        }
        await #expect(throws: Refusal.unknown("there is no device called nobody")) {
            try await orchestrator.change(must(DeviceID("nobody")), .resume, by: World.author)
        }
    }
}
