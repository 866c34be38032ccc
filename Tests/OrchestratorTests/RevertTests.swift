import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// Going back: staged, gated, and only to what is published still.
@Suite struct RevertTests {
    private static let name = must(RolloutName("r"))

    /// A fleet on 1.0.0 of which `proven` devices have taken 2.0.0, while 1.0.0 may be gone back to.
    private static func scene(
        proven: Int, of count: Int = 9, mayReturn: Bool = true,
        _ change: (inout RolloutFile) -> Void = { _ in }
    ) async throws -> (World, Orchestrator, [TestDevice]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        // Signed anew with a higher counter, so that devices may go down to it.
        if mayReturn { try await world.publish("1.0.0", counter: 2, to: orchestrator) }
        var devices = try await [TestDevice].enrolled(count, orchestrator)
        try await orchestrator.start(.simple("r", gate: .init(overdueAfter: "1h"), change))
        for index in 0..<proven { try await devices.prove(index, orchestrator) }
        return (world, orchestrator, devices)
    }

    @Test func theDevicesThatHaveTheReleaseGoBackInWaves() async throws {
        var (world, orchestrator, devices) = try await Self.scene(proven: 4)
        let plan = try await orchestrator.planRevert(of: Self.name, to: nil)
        #expect(plan.release == ReleaseID("acme 1.0.0"))
        #expect(plan.waves.map(\.devices) == [1, 4])
        #expect(try await orchestrator.simple().state == "running", "planning changes nothing")

        let back = try await orchestrator.revert(Self.name, to: nil, by: World.author)
        #expect(back.name.text == "r-revert" && back.state == "running")
        #expect(try await orchestrator.simple().state == "reverting")

        // Of the four, one goes first; the five that never had it stay.
        var first: Int?
        for index in devices.indices {
            let answer = try await devices[index].checkIn(orchestrator)
            if answer.offer != nil {
                #expect(first == nil && index < 4)
                first = index
            }
        }
        try await devices.prove(try #require(first), orchestrator)
        world.clock.advance(seconds: 301)
        for index in 0..<4 { _ = try await devices[index].checkIn(orchestrator) }
        try await orchestrator.step()
        for index in 0..<4 where index != first { try await devices.prove(index, orchestrator) }
        #expect(try await orchestrator.simple("r-revert").state == "completed")
        try await orchestrator.step()
        let ended = try await orchestrator.simple()
        #expect(ended.state == "aborted")
        #expect(ended.reason == "rollout r-revert took the devices back")
        #expect(devices[0..<4].allSatisfy { $0.boot.release == ReleaseID("acme 1.0.0") })
    }

    @Test func anOperatorNamesTheReleaseToGoBackTo() async throws {
        let (world, orchestrator, _) = try await Self.scene(proven: 4)
        try await world.publish("1.5.0", counter: 2, to: orchestrator)
        let back = try await orchestrator.revert(
            Self.name, to: ReleaseID("acme 1.5.0"), by: World.author)
        #expect(back.release == ReleaseID("acme 1.5.0") && back.waves.map(\.devices) == [1, 4])
    }

    /// What has not been installed yet is called back at once.
    @Test func offersAreTakenBack() async throws {
        var (_, orchestrator, devices) = try await Self.scene(proven: 4)
        let offer = try #require(try await devices[5].checkIn(orchestrator).offer)
        _ = try await orchestrator.revert(Self.name, to: nil, by: World.author)
        #expect(try await devices[5].checkIn(orchestrator).order == .cancel(offer.nonce))
    }

    @Test func harmRevertsWhereTheAuthorAskedForIt() async throws {
        var (_, orchestrator, devices) = try await Self.scene(proven: 3) {
            $0.onFailure = "revert"
        }
        for index in 3..<5 { try await devices.fail(index, .health, orchestrator) }
        let stopped = try await orchestrator.simple()
        #expect(stopped.state == "reverting", "\(stopped.reason)")
        #expect(try await orchestrator.simple("r-revert").state == "running")
    }

    /// Plans say beforehand, and the rollout stays paused.
    @Test func whatCannotBeRevertedStaysPausedAndSaysWhy() async throws {
        var (_, orchestrator, devices) = try await Self.scene(proven: 3, mayReturn: false) {
            $0.onFailure = "revert"
        }
        for index in 3..<5 { try await devices.fail(index, .health, orchestrator) }
        #expect(try await orchestrator.simple().state == "paused")
        let events = try await orchestrator.explain(Self.name).events.map(\.what)
        #expect(
            events.contains {
                $0.contains("cannot go back to acme 1.0.0: release: acme 1.0.0 is not published")
            }, "\(events)")
        do {
            _ = try await orchestrator.planRevert(of: Self.name, to: nil)
            Issue.record("a way back was invented")
        } catch {
            guard case .invalid(let reason) = error else {
                Issue.record(error)
                return
            }
            #expect(reason.contains("acme 1.0.0 is not published"), "\(reason)")
            #expect(reason.contains("--allow-downgrade"))
        }
    }

    /// The stop comes before anybody has proven anything; whoever does later goes back as well.
    @Test func whoeverProvesAfterTheStopGoesBackToo() async throws {
        var (_, orchestrator, devices) = try await Self.scene(proven: 0) {
            $0.onFailure = "revert"
        }
        var offers: [Int: Offer] = [:]
        for index in 4..<7 {
            let offer = try #require(try await devices[index].checkIn(orchestrator).offer)
            _ = try await devices[index].checkIn(orchestrator, .installed(offer.nonce))
            offers[index] = offer
        }
        for index in 0..<2 { try await devices.fail(index, .health, orchestrator) }
        #expect(try await orchestrator.simple().state == "paused")
        for (index, offer) in offers {
            devices[index].boots(offer)
            _ = try await devices[index].checkIn(orchestrator, .proven(offer.nonce))
        }
        #expect(try await orchestrator.simple().state == "reverting")
        #expect(try await orchestrator.simple("r-revert").state == "running")
    }

    /// A selector that asks for the old version picks nobody who has the new one.
    @Test func devicesThatWerePickedByWhatTheyRanGoBack() async throws {
        let (_, orchestrator, _) = try await Self.scene(proven: 5) {
            $0.devices = "version == \"1.0.0\""
        }
        let plan = try await orchestrator.planRevert(of: Self.name, to: nil)
        #expect(plan.waves.last?.devices == 5)
    }

    /// A revert that was aborted can be begun again.
    @Test func aRevertThatWasAbortedCanBeBegunAgain() async throws {
        let (_, orchestrator, _) = try await Self.scene(proven: 4)
        let first = try await orchestrator.revert(Self.name, to: nil, by: World.author)
        _ = try await orchestrator.control(first.name, .abort)
        let second = try await orchestrator.revert(Self.name, to: nil, by: World.author)
        #expect(second.name.text == "r-revert-2")
        #expect(try await orchestrator.simple().reason.contains("r-revert-2"))
    }

    @Test func nobodyIsTakenBackWhoHasNothing() async throws {
        let (_, orchestrator, _) = try await Self.scene(proven: 0)
        await #expect(
            throws: Refusal.invalid("no device has the release from rollout r")
        ) { try await orchestrator.revert(Self.name, to: nil, by: World.author) }
        #expect(try await orchestrator.simple().state == "running")
    }
}
