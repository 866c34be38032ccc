import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// Nobody undoes what they have not seen.
@Suite struct PreconditionTests {
    private let world: World
    private let orchestrator: Orchestrator

    init() async throws {
        world = try World()
        orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
    }

    private func isOutdated(_ body: () async throws(Refusal) -> some Any) async -> Bool {
        do throws(Refusal) {
            _ = try await body()
            return false
        } catch {
            guard case .outdated = error else { return false }
            return true
        }
    }

    @Test func aRolloutThatSomebodyChangedIsLeftAlone() async throws {
        var device = TestDevice(1)
        _ = try await device.checkIn(orchestrator)
        try await orchestrator.start(.simple("r", waves: [.init(name: "all", percent: "100")]))
        let name = must(RolloutName("r"))
        let seen = try await orchestrator.rollout(name).tag
        let paused = try await orchestrator.control(
            name, .pause, by: World.author, if: .tags([seen]))
        #expect(paused.tag != seen)
        #expect(
            await isOutdated { () async throws(Refusal) in
                try await orchestrator.control(name, .abort, by: World.author, if: .tags([seen]))
            })
        #expect(try await orchestrator.rollout(name).state == "paused")
        let resumed = try await orchestrator.control(
            name, .resume, by: World.author, if: .tags(["x", paused.tag]))
        #expect(resumed.state == "running")
    }

    @Test func aCohortThatSomebodySavedIsLeftAlone() async throws {
        let name = must(CohortName("c"))
        func save(_ text: String, _ condition: Precondition) async throws(Refusal) -> CohortSummary
        {
            try await orchestrator.save(
                CohortRequest(selector: text), as: name, by: World.author, if: condition)
        }
        #expect(await isOutdated { () async throws(Refusal) in try await save("all", .existence) })
        #expect(
            await isOutdated { () async throws(Refusal) in try await save("all", .tags(["c0"])) })
        let first = try await save("all", .none)
        let second = try await save("not all", .tags([first.tag]))
        #expect(second.version.number == 2)
        #expect(
            await isOutdated { () async throws(Refusal) in try await save("all", .tags([first.tag]))
            })
        #expect(try await orchestrator.cohort(name).tag == second.tag)
    }

    @Test func aDevicesTagTellsWhatOperatorsDecidedAndNothingElse() async throws {
        var device = TestDevice(1)
        _ = try await device.checkIn(orchestrator)
        let before = orchestrator.tag(of: try await orchestrator.device(device.id))
        device.attributes = try Attributes(["site": "bonn"])
        _ = try await device.checkIn(orchestrator)
        let after = orchestrator.tag(of: try await orchestrator.device(device.id))
        #expect(after == before)
        let held = try await orchestrator.change(
            device.id, .hold(reason: "lab"), by: World.author, if: .tags([before]))
        #expect(orchestrator.tag(of: held) != before)
        let id = device.id
        #expect(
            await isOutdated { () async throws(Refusal) in
                try await orchestrator.change(
                    id, .retire(demandsWipe: false), by: World.author, if: .tags([before]))
            })
    }
}
