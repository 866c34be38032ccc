import Model
import Rollouts
import Testing

/// What limits mean for a fleet, told when a rollout is planned.
@Suite struct RuleReachTests {
    private static func details(
        _ fleet: [DeviceFacts], _ change: (inout RolloutFile.Limits) -> Void
    ) throws -> PlanDetails {
        var planner = RolloutPlanner(
            try RolloutSpec(
                .plain.with {
                    $0.gate.minConfirmed = 1
                    change(&$0.limits)
                    $0.waves = [.init(name: "all", percent: "100")]
                }), images: [try model("gw-2"): try image()], in: .plain, bucket: spread)
        for device in fleet { planner.count(device) }
        return try planner.finish { _, _ in true }.details
    }

    @Test func pairsAreToldAndThoseWithoutAPartner() throws {
        let fleet = try (0..<7).map { number in
            try device(
                "gw-\(number)", attributes: number < 5 ? ["pair": "p\(number / 2)"] : [:])
        }
        #expect(
            try Self.details(fleet) { $0.neverTogether = ["pair"] }.ruleNotes == [
                "never together by pair: at most 2 devices share a value and go one after another;"
                    + " 2 have none and wait for nobody"
            ])
        #expect(try Self.details(fleet) { _ in }.ruleNotes.isEmpty)
    }

    private static func window(_ limits: inout RolloutFile.Limits) {
        limits.window = .init(from: "01:00", to: "05:00", zone: "device")
    }

    @Test func whoNeverGetsItForWantOfAZoneIsNamed() throws {
        let fleet = try (0..<14).map { number in
            try device(
                "gw-\(number)", attributes: number == 0 ? ["timezone": "Europe/Berlin"] : [:])
        }
        let notes = try Self.details(fleet, Self.window).ruleNotes
        #expect(notes.count == 1)
        #expect(
            notes[0].hasPrefix("13 devices never get it, because they have no attribute timezone"))
        #expect(notes[0].hasSuffix("gw-10 and 3 more"))
    }

    @Test func aWindowThatOpensForNobodyIsRefused() throws {
        let fleet = try (0..<3).map { try device("gw-\($0)") }
        #expect(throws: PlanError.windowNeverOpens(attribute: "timezone")) {
            try Self.details(fleet, Self.window)
        }
    }
}
