import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// Lists come in pages that leave nothing out and tell nothing twice.
@Suite struct PageTests {
    private func fleet(_ count: Int) async throws -> (World, Orchestrator) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        for index in 0..<count {
            var device = TestDevice(index)
            device.hardware = must(HardwareModel(index.isMultiple(of: 4) ? "gw-1" : "gw-2"))
            device.attributes = try Attributes(["parity": index.isMultiple(of: 2) ? "even" : "odd"])
            _ = try await device.checkIn(orchestrator)
        }
        return (world, orchestrator)
    }

    private func all(
        _ query: DeviceQuery, limit: Int, _ orchestrator: Orchestrator
    ) async throws -> [DeviceSummary] {
        var found: [DeviceSummary] = []
        var next: DeviceID?
        repeat {
            let page = try await orchestrator.devices(query, after: next, limit: limit)
            #expect(page.items.count <= limit)
            found += page.items
            next = page.next.flatMap { DeviceID($0) }
        } while next != nil
        return found
    }

    @Test(arguments: [1, 3, 7, 23, 24, 1000])
    func pagesOfAnyLengthMakeTheWholeList(limit: Int) async throws {
        let (_, orchestrator) = try await fleet(24)
        let names = (0..<24).map { "device-\($0)" }.sorted {
            Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8))
        }
        #expect(try await all(.all, limit: limit, orchestrator).map(\.id.text) == names)
        let even = try await all(
            DeviceQuery(selector: #"parity == "even""#), limit: limit, orchestrator)
        #expect(even.count == 12)
        #expect(even.allSatisfy { $0.attributes["parity"] == "even" })
        let old = try await all(
            DeviceQuery(hardware: must(HardwareModel("gw-1"))), limit: limit, orchestrator)
        #expect(old.count == 6)
        #expect(old.allSatisfy { $0.attributes["parity"] == "even" })
        let both = try await all(
            DeviceQuery(
                selector: #"parity == "odd""#, hardware: must(HardwareModel("gw-1"))),
            limit: limit, orchestrator)
        #expect(both.isEmpty)
    }

    @Test func picksByWhatStandsAgainstADevice() async throws {
        let (_, orchestrator) = try await fleet(6)
        let held = must(DeviceID("device-3"))
        _ = try await orchestrator.change(held, .hold(reason: "lab"), by: World.author)
        let gone = must(DeviceID("device-4"))
        _ = try await orchestrator.change(gone, .retire(demandsWipe: false), by: World.author)
        func ids(_ standing: DeviceQuery.Standing) async throws -> [String] {
            try await all(DeviceQuery(standing: standing), limit: 2, orchestrator).map(\.id.text)
        }
        #expect(try await ids(.held) == ["device-3"])
        #expect(try await ids(.retired) == ["device-4"])
        #expect(try await ids(.active).count == 4)
        #expect(try await ids(.quarantined).isEmpty)
    }

    @Test func pagesEventsCohortsAndRollouts() async throws {
        let (world, orchestrator) = try await fleet(3)
        for name in ["b", "a", "c"] {
            _ = try await orchestrator.save(
                CohortRequest(selector: "all"), as: must(CohortName(name)), by: World.author)
        }
        let cohorts = try await orchestrator.cohorts(limit: 2)
        #expect(cohorts.items.map(\.version.name.text) == ["a", "b"] && cohorts.next == "b")
        let rest = try await orchestrator.cohorts(after: must(CohortName("b")), limit: 2)
        #expect(rest.items.map(\.version.name.text) == ["c"] && rest.next == nil)

        try await world.publish("2.0.0", to: orchestrator)
        for name in ["r-1", "r-2", "r-3"] {
            try await orchestrator.start(.simple(name, waves: [.init(name: "all", percent: "100")]))
        }
        let paused = must(RolloutName("r-2"))
        _ = try await orchestrator.control(paused, .pause, by: World.author)
        let newest = try await orchestrator.rollouts(limit: 2)
        #expect(newest.items.map(\.name.text) == ["r-3", "r-2"] && newest.next == "r-2")
        let oldest = try await orchestrator.rollouts(olderThan: paused, limit: 2)
        #expect(oldest.items.map(\.name.text) == ["r-1"] && oldest.next == nil)
        let stopped = try await orchestrator.rollouts(in: .paused)
        #expect(stopped.items.map(\.name.text) == ["r-2"])
        await #expect(throws: Refusal.self) {
            try await orchestrator.rollouts(olderThan: must(RolloutName("nothing")))
        }

        let events = try await orchestrator.events(limit: 1000).items
        #expect(events.count >= 9)
        #expect(events.map(\.number) == events.map(\.number).sorted())
        let about = try await orchestrator.events(about: EventSubject(rollout: paused))
        #expect(about.items == events.filter { $0.rollout == paused })
        let after = try await orchestrator.events(after: events[3].number, limit: 2)
        #expect(after.items == Array(events[4...5]))
    }
}
