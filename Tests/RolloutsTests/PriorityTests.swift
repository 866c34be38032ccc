import Model
import Rollouts
import Testing

/// Rollouts that go before others.
@Suite struct PriorityTests {
    @Test func ranksRiseFromOneToEmergency() throws {
        let texts = (1...9).map(String.init) + ["emergency"]
        let ranks = texts.compactMap { RolloutPriority($0)?.rank }
        #expect(ranks == Array(1...10))
        for text in ["", "0", "10", "+1", "Emergency", "high"] {
            #expect(RolloutPriority(text) == nil, "\(text)")
        }
        #expect(try RolloutSpec(.plain).priority == .level(5))
    }

    private static func plan(
        _ first: RolloutFile.Wave, fleet count: Int
    ) throws -> RolloutPlan {
        let fleet = try (0..<count).map { try device("gw-\($0)") }
        let file = RolloutFile.plain.with {
            $0.priority = "emergency"
            $0.waves[0] = first
            $0.gate.minConfirmed = 1
        }
        return try RolloutPlan.make(
            RolloutSpec(file), images: [model("gw-2"): image()], fleet: fleet, in: .plain,
            bucket: spread)
    }

    @Test func anEmergencyHasACanary() throws {
        #expect(try Self.plan(.init(name: "c", sample: 10), fleet: 100).waves[0].deviceCount == 10)
        #expect(
            throws: PlanError.canaryTooLarge(wave: "c", devices: 11, of: 100, most: 10)
        ) { try Self.plan(.init(name: "c", sample: 11), fleet: 100) }
        // Three devices are few in any fleet.
        #expect(try Self.plan(.init(name: "c", count: 3), fleet: 4).waves[0].deviceCount == 3)
        #expect(throws: PlanError.canaryTooLarge(wave: "c", devices: 4, of: 4, most: 3)) {
            try Self.plan(.init(name: "c", count: 4), fleet: 4)
        }
    }

    @Test func aNormalRolloutNeedsNone() throws {
        let file = RolloutFile.plain.with { $0.waves = [.init(name: "all", percent: "100%")] }
        #expect(try RolloutSpec(file).priority == .standard)
    }

    @Test func supersedingIsReadAsItIsWritten() throws {
        #expect(try RolloutSpec(.plain).supersedes == .none)
        #expect(try RolloutSpec(.plain.with { $0.supersedes = .older }).supersedes == .older)
        let named = try RolloutSpec(.plain.with { $0.supersedes = .named(["b", "a"]) })
        #expect(
            try named.supersedes == .named(["a", "b"].map { try #require(RolloutName($0)) }))
    }
}
