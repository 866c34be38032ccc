import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// Which of several rollouts decides, and which end when another starts.
@Suite struct PriorityTests {
    private static func scene(
        _ count: Int = 4
    ) async throws -> (World, Orchestrator, [TestDevice]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        try await world.publish("2.1.0", to: orchestrator)
        return (world, orchestrator, try await .enrolled(count, orchestrator))
    }

    @Test func theHigherPriorityDecidesThoughAnotherIsNewer() async throws {
        var (_, orchestrator, devices) = try await Self.scene()
        try await orchestrator.start(.simple("old") { $0.priority = "7" })
        try await orchestrator.start(.simple("new", release: "acme 2.1.0"))
        #expect(try await devices[0].checkIn(orchestrator).offer?.rollout.text == "old")
        // Once it is complete, it is as any other.
        for index in devices.indices { try await devices.prove(index, orchestrator) }
        #expect(try await orchestrator.simple("old").state == "completed")
        #expect(try await devices[0].checkIn(orchestrator).offer?.rollout.text == "new")
    }

    private static let emergency = RolloutFile.simple(
        "fix", release: "acme 2.1.0",
        waves: [.init(name: "canary", count: 1), .init(name: "all", percent: "100")]
    ) { $0.priority = "emergency" }

    /// What is not installed yet makes room, and the canary still goes first.
    @Test func anEmergencyTakesOffersBackAndKeepsItsCanary() async throws {
        var (_, orchestrator, devices) = try await Self.scene()
        try await orchestrator.start(.simple("r") { $0.priority = "9" })
        var offers: [Offer] = []
        for index in devices.indices {
            offers.append(try #require(try await devices[index].checkIn(orchestrator).offer))
        }
        try await orchestrator.start(Self.emergency)
        var canary: [Int] = []
        for index in devices.indices {
            let answer = try await devices[index].checkIn(
                orchestrator, .downloading(offers[index].nonce, bytesDone: 1, bytesTotal: 11))
            if answer.order == .cancel(offers[index].nonce) { canary.append(index) }
        }
        #expect(canary.count == 1, "only the canary is called back")
        let first = try #require(canary.first)
        #expect(try await devices[first].checkIn(orchestrator).offer?.rollout.text == "fix")
    }

    /// A device that has installed the other image is left alone until it has answered.
    @Test func aTrialIsNotInterrupted() async throws {
        var (_, orchestrator, devices) = try await Self.scene(1)
        try await orchestrator.start(.simple("r"))
        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        try await orchestrator.start(
            .simple(
                "fix", release: "acme 2.1.0",
                waves: [.init(name: "canary", count: 1), .init(name: "all", percent: "100")]
            ) { $0.priority = "emergency" })
        #expect(
            try await devices[0].checkIn(orchestrator, .installed(offer.nonce)).order == nil)
    }

    /// A wave need not wait for devices that another rollout decides for.
    @Test func aRolloutDoesNotWaitForWhatANewerOneTook() async throws {
        var (_, orchestrator, devices) = try await Self.scene()
        try await orchestrator.start(.simple("old", gate: .init(minConfirmed: 2)))
        for index in 0..<2 { try await devices.prove(index, orchestrator) }
        #expect(try await orchestrator.simple("old").state == "running")
        try await orchestrator.start(.simple("new", release: "acme 2.1.0"))
        try await orchestrator.step()
        #expect(try await orchestrator.simple("old").state == "completed")
    }

    /// Those whom an aborted rollout moved on stay there, though they could go down again.
    @Test func aRolloutDoesNotWaitForWhomAnEndedOneTook() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("1.5.0", counter: 2, to: orchestrator)
        try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(2, orchestrator)
        try await orchestrator.start(
            .simple("old", release: "acme 1.5.0", gate: .init(minConfirmed: 1)))
        try await orchestrator.start(.simple("new"))
        try await devices.prove(0, orchestrator)
        _ = try await orchestrator.control(must(RolloutName("new")), .abort)
        try await devices.prove(1, orchestrator)
        #expect(devices[1].boot.release == ReleaseID("acme 1.5.0"))
        #expect(try await orchestrator.simple("old").state == "completed")
    }

    /// What is done with keeps nobody from what is newer, whatever its priority is.
    @Test func aNewRolloutOfLowPriorityReachesWhoeverHasTheOldRelease() async throws {
        var (_, orchestrator, devices) = try await Self.scene()
        try await orchestrator.start(.simple("old"))
        for index in devices.indices { try await devices.prove(index, orchestrator) }
        try await orchestrator.start(.simple("new", release: "acme 2.1.0") { $0.priority = "1" })
        for index in devices.indices { try await devices.prove(index, orchestrator) }
        #expect(try await orchestrator.simple("new").state == "completed")
    }

    /// Nor does a failure, unless the device is to be tried again.
    @Test func aDeviceThatFailedGetsTheFix() async throws {
        var (_, orchestrator, devices) = try await Self.scene()
        try await orchestrator.start(.simple("old") { $0.priority = "9" })
        try await devices.fail(0, .health, orchestrator)
        try await orchestrator.start(.simple("fix", release: "acme 2.1.0"))
        #expect(try await devices[0].checkIn(orchestrator).offer?.rollout.text == "fix")
    }

    @Test func whatWouldEndIsShownBefore() async throws {
        let (_, orchestrator, _) = try await Self.scene()
        let file = RolloutFile.simple("new", release: "acme 2.1.0") { $0.supersedes = .older }
        let shown = try await orchestrator.plan(file)
        try await orchestrator.start(.simple("old"))
        do {
            _ = try await orchestrator.start(StartRequest(file: file, digest: shown.digest))
            Issue.record("more ended than was shown")
        } catch {
            guard case .conflict(let reason) = error else {
                Issue.record(error)
                return
            }
            #expect(reason.contains("rollout old would end, too"), "\(reason)")
        }
        let notes = try await orchestrator.plan(file).notes
        #expect(notes.contains("rollout old ends when this one starts"))
    }

    @Test func olderVersionsAreSuperseded() async throws {
        var (_, orchestrator, devices) = try await Self.scene()
        try await orchestrator.start(.simple("old"))
        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        try await orchestrator.start(
            .simple("new", release: "acme 2.1.0") { $0.supersedes = .older })
        let old = try await orchestrator.simple("old")
        #expect(old.state == "aborted" && old.reason == "rollout new took its place")
        #expect(try await devices[0].checkIn(orchestrator).order == .cancel(offer.nonce))
    }

    @Test func namedRolloutsAreSupersededAndHaveToExist() async throws {
        let (_, orchestrator, _) = try await Self.scene()
        try await orchestrator.start(.simple("a"))
        try await orchestrator.start(.simple("b"))
        await #expect(
            throws: Refusal.invalid("supersedes: there is no rollout called nobody")
        ) {
            try await orchestrator.plan(
                .simple("c", release: "acme 2.1.0") { $0.supersedes = .named(["nobody"]) })
        }
        try await orchestrator.start(
            .simple("c", release: "acme 2.1.0") { $0.supersedes = .named(["a"]) })
        #expect(try await orchestrator.simple("a").state == "aborted")
        #expect(try await orchestrator.simple("b").state == "running")
    }
}
