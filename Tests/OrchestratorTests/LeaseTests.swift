import Model
import OpenSSL
import Orchestrator
import TestSupport
import Testing
import Wire

/// Offers, from the lease that they take to what ends it.
@Suite struct LeaseTests {
    struct Scene {
        let world: World
        let orchestrator: Orchestrator

        init(_ file: RolloutFile = .simple("r"), devices: inout [TestDevice]) async throws {
            world = try World()
            orchestrator = try await world.orchestrator()
            try await world.publish("2.0.0", to: orchestrator)
            for index in devices.indices { _ = try await devices[index].checkIn(orchestrator) }
            try await orchestrator.start(file)
        }

        func wave(_ index: Int = 0) async throws -> RolloutSummary.Wave {
            try await orchestrator.rollout(must(RolloutName("r"))).waves[index]
        }
    }

    @Test func anOfferIsProvenByBootingIt() async throws {
        var devices = [TestDevice(1)]
        let scene = try await Scene(devices: &devices)
        let offer = try #require(try await devices[0].checkIn(scene.orchestrator).offer)
        #expect(offer.release == ReleaseID("acme 2.0.0"))
        #expect(try await scene.wave().offered == 1)

        devices[0].boots(offer)
        _ = try await devices[0].checkIn(scene.orchestrator, .proven(offer.nonce))

        #expect(try await scene.wave().proven == 1)
        #expect(try await scene.wave().offered == 0)
        #expect(try await scene.orchestrator.rollout(must(RolloutName("r"))).state == "completed")
    }

    /// P2: words alone prove nothing.
    @Test func aClaimWithoutTheBootIsNoProof() async throws {
        var devices = [TestDevice(1)]
        let scene = try await Scene(devices: &devices)
        let offer = try #require(try await devices[0].checkIn(scene.orchestrator).offer)

        _ = try await devices[0].checkIn(scene.orchestrator, .proven(offer.nonce))
        #expect(try await scene.wave().proven == 0)

        // The right bytes, but on trial still, or in the boot from before.
        devices[0].boots(offer)
        let booted = devices[0].boot
        devices[0].boot.isConfirmed = false
        _ = try await devices[0].checkIn(scene.orchestrator, .trial(offer.nonce))
        #expect(try await scene.wave().proven == 0)
        devices[0].boot = booted
        devices[0].boot.bootID = must(BootID("boot-0"))
        _ = try await devices[0].checkIn(scene.orchestrator, .proven(offer.nonce))
        #expect(try await scene.wave().proven == 0)
    }

    @Test func anImageFromAUSBStickIsProvenLikeAnyOther() async throws {
        var devices = [TestDevice(1)]
        let scene = try await Scene(devices: &devices)
        let offer = try #require(try await devices[0].checkIn(scene.orchestrator).offer)
        devices[0].boots(offer)

        _ = try await devices[0].checkIn(scene.orchestrator, .idle)

        #expect(try await scene.wave().proven == 1)
    }

    @Test func silenceCountsAsFailure() async throws {
        var devices = [TestDevice(1)]
        let scene = try await Scene(devices: &devices)
        _ = try await devices[0].checkIn(scene.orchestrator)

        scene.world.clock.advance(seconds: 59)
        try await scene.orchestrator.step()
        #expect(try await scene.wave().failed == 0)
        scene.world.clock.advance(seconds: 1)
        try await scene.orchestrator.step()

        #expect(try await scene.wave().failed == 1)
        #expect(try await scene.wave().offered == 0)
    }

    @Test func progressRenewsTheLease() async throws {
        var devices = [TestDevice(1)]
        let scene = try await Scene(devices: &devices)
        let offer = try #require(try await devices[0].checkIn(scene.orchestrator).offer)

        for done in 1...5 {
            scene.world.clock.advance(seconds: 50)
            let directive = try await devices[0].checkIn(
                scene.orchestrator,
                .downloading(offer.nonce, bytesDone: Int64(done), bytesTotal: 11))
            try await scene.orchestrator.step()
            #expect(directive.offer?.nonce == offer.nonce)
            #expect(directive.offer?.expires == scene.world.clock.now.advanced(by: .seconds(60)))
        }
        #expect(try await scene.wave().offered == 1)
    }

    @Test func aLostAnswerIsGivenAgain() async throws {
        var devices = [TestDevice(1)]
        let scene = try await Scene(devices: &devices)
        let lost = try #require(try await devices[0].checkIn(scene.orchestrator).offer)

        let again = try #require(try await devices[0].checkIn(scene.orchestrator).offer)

        #expect(again.nonce == lost.nonce)
        #expect(try await scene.wave().offered == 1)
    }

    @Test func whatIsNotOfferedIsCancelled() async throws {
        var devices = [TestDevice(1)]
        let scene = try await Scene(devices: &devices)
        let unknown = must(Nonce("nobody-made-this"))

        let offer = try #require(try await devices[0].checkIn(scene.orchestrator).offer)
        devices[0].boots(offer)
        _ = try await devices[0].checkIn(scene.orchestrator, .proven(offer.nonce))
        let directive = try await devices[0].checkIn(
            scene.orchestrator, .downloading(unknown, bytesDone: 1, bytesTotal: 2))

        #expect(directive.order == .cancel(unknown))
    }

    @Test func aPauseReachesDevicesThatDownload() async throws {
        var devices = [TestDevice(1), TestDevice(2)]
        let scene = try await Scene(devices: &devices)
        let first = try #require(try await devices[0].checkIn(scene.orchestrator).offer)
        let second = try #require(try await devices[1].checkIn(scene.orchestrator).offer)
        _ = try await scene.orchestrator.control(must(RolloutName("r")), .pause)

        let told = try await devices[0].checkIn(
            scene.orchestrator, .downloading(first.nonce, bytesDone: 1, bytesTotal: 11))
        let tooLate = try await devices[1].checkIn(
            scene.orchestrator, .installed(second.nonce))

        #expect(told.order == .cancel(first.nonce))
        #expect(tooLate.order == nil)
        #expect(try await scene.wave().offered == 1)
        // What was cancelled is neither proven nor failed, and is offered anew after resuming.
        #expect(try await scene.wave().failed == 0)
        _ = try await scene.orchestrator.control(must(RolloutName("r")), .resume)
        #expect(try await devices[0].checkIn(scene.orchestrator).offer != nil)
    }

    @Test func aRetiredServerProcessIsGoneOnFrom() async throws {
        var devices = [TestDevice(1)]
        let scene = try await Scene(devices: &devices)
        let offer = try #require(try await devices[0].checkIn(scene.orchestrator).offer)

        let restarted = try await scene.world.orchestrator()
        #expect(try await devices[0].checkIn(restarted).offer?.nonce == offer.nonce)
        devices[0].boots(offer)
        _ = try await devices[0].checkIn(restarted, .proven(offer.nonce))

        #expect(try await restarted.rollout(must(RolloutName("r"))).state == "completed")
    }

    @Test func anAbortedRolloutOffersNothing() async throws {
        var devices = [TestDevice(1)]
        let scene = try await Scene(devices: &devices)
        _ = try await scene.orchestrator.control(must(RolloutName("r")), .abort)

        #expect(try await devices[0].checkIn(scene.orchestrator).order == nil)
    }

    @Test func aLateDeviceGetsACompletedRollout() async throws {
        var devices = [TestDevice(1)]
        let scene = try await Scene(devices: &devices)
        let offer = try #require(try await devices[0].checkIn(scene.orchestrator).offer)
        devices[0].boots(offer)
        _ = try await devices[0].checkIn(scene.orchestrator, .proven(offer.nonce))

        var late = TestDevice(2)
        #expect(try await late.checkIn(scene.orchestrator).offer?.release == offer.release)
    }

    /// P4, over random interleavings: the seed is the bug report.
    @Test(arguments: Array(0..<12) as [UInt64])
    func theLimitIsNeverExceeded(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var devices = (0..<12).map { TestDevice($0) }
        let limit = 3
        // A gate that forgives everything, so that the limit is what stops devices.
        let file = RolloutFile.simple(
            "r", gate: .init(maxFailureRate: "99%", confidence: "99%", overdueAfter: "60s"),
            concurrent: limit)
        let scene = try await Scene(file, devices: &devices)
        var held: [DeviceID: Offer] = [:]

        for _ in 0..<120 {
            let index = Int.random(in: devices.indices, using: &random)
            let id = devices[index].id
            switch (held[id], Int.random(in: 0..<5, using: &random)) {
            case (let offer?, 0):
                devices[index].boots(offer)
                _ = try await devices[index].checkIn(scene.orchestrator, .proven(offer.nonce))
                held[id] = nil
            case (let offer?, 1):
                let failure = Failure(.health, "no modem")
                _ = try await devices[index].checkIn(
                    scene.orchestrator, .failed(offer.nonce, failure))
                held[id] = nil
            case (_, 2):
                scene.world.clock.advance(seconds: Int64.random(in: 0...70, using: &random))
                try await scene.orchestrator.step()
            default:
                if let offer = try await devices[index].checkIn(scene.orchestrator).offer {
                    held[id] = offer
                }
            }
            let open = try await scene.wave().offered
            #expect(open <= limit, "seed \(seed)")
        }
    }

    /// The same limit when all devices come in the same moment.
    @Test func theLimitHoldsWhenAllComeAtOnce() async throws {
        var devices = (0..<12).map { TestDevice($0) }
        let scene = try await Scene(.simple("r", concurrent: 3), devices: &devices)
        let orchestrator = scene.orchestrator
        let messages = try devices.indices.map { try devices[$0].message().bytes }

        try await withThrowingTaskGroup { group in
            for message in messages {
                group.addTask { _ = try await orchestrator.checkIn(message) }
            }
            try await group.waitForAll()
        }

        #expect(try await scene.wave().offered == 3)
    }
}

/// SplitMix64: small, and the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
