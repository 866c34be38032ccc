import Model
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing
import Wire

/// What is seen of the fleet from outside.
@Suite struct FleetStateTests {
    @Test func anEmptyFleetIsAllZeros() async throws {
        let orchestrator = try await World().orchestrator()
        let state = try await orchestrator.fleetState()
        #expect(state.devices.counts == [.active: 0, .retired: 0])
        #expect(state.devices.overdue == 0)
        #expect(state.leases == LeaseCensus(open: [:], lapsed: 0))
        #expect(state.rolloutCounts.isEmpty)
        #expect(state.rollouts.isEmpty)
        #expect(state.heartbeat == nil)
        #expect(
            state.webHooks == WebHookCensus(count: 0, failing: 0, waiting: 0, deadLetters: 0))
    }

    @Test(arguments: [false, true])
    func webHooksAreCountedWithWhatTheyWaitFor(onPostgres: Bool) async throws {
        let world = try World()
        let store: (any Store)? =
            onPostgres
            ? try PostgresStore(url: PostgresServer.shared.get().makeDatabase()) : nil
        let orchestrator = try await world.orchestrator(store: store)
        func add(_ name: String, _ kinds: [EventKind]) async throws -> WebHookSummary {
            try await orchestrator.addWebHook(
                WebHookRequest(
                    url: "https://hooks.example.com/\(name)", kinds: kinds, secret: nil),
                by: World.author)
        }
        let hook = try await add("a", [.fleet])
        // It waits for what happens to devices, and nothing does.
        _ = try await add("b", [.device])
        for name in ["c1", "c2"] {
            _ = try await orchestrator.save(
                CohortRequest(selector: "all"), as: must(CohortName(name)), by: World.author)
        }
        // Itself, the other one, and two cohorts.
        var state = try await orchestrator.fleetState()
        #expect(
            state.webHooks == WebHookCensus(count: 2, failing: 0, waiting: 4, deadLetters: 0))

        var delivery = try #require(try await orchestrator.dueDelivery(for: hook.id))
        try await orchestrator.book(.failed("500"), of: delivery, luck: 0)
        state = try await orchestrator.fleetState()
        #expect(
            state.webHooks == WebHookCensus(count: 2, failing: 1, waiting: 4, deadLetters: 0))

        world.clock.advance(seconds: 86_400)
        delivery = try #require(try await orchestrator.dueDelivery(for: hook.id))
        try await orchestrator.book(.failed("500"), of: delivery, luck: 0)
        state = try await orchestrator.fleetState()
        #expect(
            state.webHooks == WebHookCensus(count: 2, failing: 0, waiting: 3, deadLetters: 1))
    }

    @Test func devicesAreCountedByWhatTheyAre() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var devices = (0..<4).map { TestDevice($0) }
        for index in devices.indices { _ = try await devices[index].checkIn(orchestrator) }
        _ = try await orchestrator.change(
            devices[0].id, .retire(demandsWipe: false), by: World.author)
        _ = try await orchestrator.change(devices[1].id, .hold(reason: "x"), by: World.author)
        try await orchestrator.beat()
        // Three times the pause of 60 s, to the second.
        world.clock.advance(seconds: 180)
        let before = try await orchestrator.fleetState()
        #expect(before.devices.overdue == 0)
        world.clock.advance(seconds: 1)
        _ = try await devices[3].checkIn(orchestrator)

        let state = try await orchestrator.fleetState()

        #expect(state.devices.counts == [.active: 3, .retired: 1])
        // The retired one is not waited for.
        #expect(state.devices.overdue == 2)
        #expect(state.devices.held == 1)
        #expect(state.devices.quarantined == 0)
        #expect(state.heartbeat == world.clock.now.advanced(by: .seconds(-181)))
    }

    @Test func aStoppedRolloutSaysWhyAndWithWhatEvidence() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(4, orchestrator)
        _ = try await orchestrator.start(.simple("bad"))
        for index in 0...1 { try await devices.fail(index, .health, orchestrator) }

        let state = try await orchestrator.fleetState()

        #expect(state.rolloutCounts == ["paused": 1])
        let rollout = try #require(state.rollouts.first)
        #expect(rollout.state == "paused")
        #expect(rollout.pauseReason == "failures")
        #expect(rollout.wave == 0)
        #expect(rollout.opened == nil)
        let evidence = try #require(rollout.evidence)
        #expect(evidence.failed == 2)
        #expect(evidence.proven == 0)
        #expect(evidence.harm >= evidence.sufficient)
        #expect(evidence.health < 0)
        #expect(rollout.waves.map(\.tally.failures.total).reduce(0, +) == 2)
    }

    @Test func leasesThatNobodyEndsAreSeen() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(2, orchestrator)
        _ = try await orchestrator.start(.simple("r"))
        for index in devices.indices { _ = try await devices[index].checkIn(orchestrator) }
        let name = must(RolloutName("r"))
        let held = try await orchestrator.fleetState()
        #expect(held.leases == LeaseCensus(open: [name: 2], lapsed: 0))

        world.clock.advance(seconds: 86_400)
        let lapsed = try await orchestrator.fleetState()
        #expect(lapsed.leases.lapsed == 2)

        try await orchestrator.step()
        let ended = try await orchestrator.fleetState()
        #expect(ended.leases == LeaseCensus(open: [:], lapsed: 0))
    }

    @Test func rolloutsThatHaveEndedAreCountedAndNotNamed() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        _ = try await [TestDevice].enrolled(1, orchestrator)
        try await world.publish("2.0.0", to: orchestrator)
        for number in 0...FleetState.maximumRolloutCount + 1 {
            _ = try await orchestrator.start(.simple("r\(number)"))
        }
        _ = try await orchestrator.control(must(RolloutName("r9")), .abort, by: World.author)

        let state = try await orchestrator.fleetState()

        #expect(state.rolloutCounts["aborted"] == 1)
        #expect(state.rollouts.count == FleetState.maximumRolloutCount)
        #expect(!state.rollouts.contains { $0.name.text == "r9" || $0.name.text == "r0" })
    }

    @Test func metadataTellsWhenItEnds() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await orchestrator.refreshMetadata()
        let metadata = try await orchestrator.metadataState()
        #expect(metadata.map(\.role) == ["root", "targets", "snapshot", "timestamp"])
        #expect(metadata.allSatisfy { $0.version >= 1 && $0.expires > world.clock.now })
    }
}
