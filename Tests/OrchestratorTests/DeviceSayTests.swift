import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// What people at the device have a say in, and what they get to see of its failures.
@Suite struct DeviceSayTests {
    private static func offer(
        _ change: (inout RolloutFile) -> Void
    ) async throws -> (World, Orchestrator, TestDevice, Offer) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(1, orchestrator)
        try await orchestrator.start(
            .simple("r", gate: .init(overdueAfter: "1h")) { change(&$0) })
        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        return (world, orchestrator, devices[0], offer)
    }

    @Test(arguments: [(nil, 86_400), ("6h", 21_600), ("0s", 0)])
    func theRolloutSaysHowLongTheRestartMayBePutOff(text: String?, seconds: Int64) async throws {
        let (world, _, _, offer) = try await Self.offer { $0.deferFor = text }
        #expect(offer.deferUntil == world.clock.now.advanced(by: .seconds(seconds)))
    }

    /// It counts from the offer on: whoever puts off does not get the time again.
    @Test func aRenewedOfferKeepsItsMoment() async throws {
        var (world, orchestrator, device, offer) = try await Self.offer { $0.deferFor = "6h" }
        for _ in 0..<5 {
            world.clock.advance(seconds: 1800)
            let renewed = try await device.checkIn(
                orchestrator, .waiting(offer.nonce, reason: "it flies")
            ).offer
            #expect(renewed?.deferUntil == offer.deferUntil)
        }
    }

    @Test func theLogOfAFailedImageIsKept() async throws {
        var (world, orchestrator, device, offer) = try await Self.offer { _ in }
        let log = "starting\nKernel panic - not syncing\n"
        let failure = Failure(.boot, "it did not come up").with(log: log)
        _ = try await device.checkIn(orchestrator, .failed(offer.nonce, failure))
        let told = try await orchestrator.device(device.id)
        #expect(told.lastFailure?.log == log)
        // By a server that starts anew, too.
        let next = try await world.orchestrator()
        #expect(try await next.device(device.id).lastFailure == failure)
    }

    /// Unlike a device that is about to restart: nobody knows whether that has begun its trial.
    @Test func whatIsPutOffCanBeTakenBack() async throws {
        var (_, orchestrator, device, offer) = try await Self.offer { _ in }
        _ = try await orchestrator.control(must(RolloutName("r")), .pause)
        let waiting = PhaseReport.waiting(offer.nonce, reason: "it flies")
        #expect(try await device.checkIn(orchestrator, waiting).order == .cancel(offer.nonce))
    }
}
