import Model
import Rollouts
import Testing

/// P6: what explanations say is what decided.
@Suite struct AdmissionTraceTests {
    private static let everyLimit = RolloutFile.plain.with {
        $0.limits.per = ["site": "1"]
        $0.limits.neverTogether = ["pair"]
        $0.limits.window = .init(from: "00:00", to: "00:00", zone: "UTC")
        $0.limits.egress = "1 TB/day"
        $0.waves[0].rate = .init(start: "10/min")
    }

    private static func trace(
        of file: RolloutFile, state: RolloutState, place: UInt64 = 0, attempt: Attempt? = nil,
        counts: LimitCounts = LimitCounts(openLeases: 0)
    ) throws -> (AdmissionDecision, [AdmissionStep]) {
        var trace = AdmissionTrace.on
        let decision = try RolloutPlan.restored(file).admission(
            of: device(attributes: ["site": "berlin", "pair": "1"]), bucket: bucket(place),
            state: state, image: image(), attempt: attempt, paused: [], in: .plain,
            zones: FakeTimeZones(), trace: &trace, counts: { counts })
        return (decision, trace.steps)
    }

    @Test func everyRuleIsTold() throws {
        let (decision, steps) = try Self.trace(
            of: Self.everyLimit, state: TransitionTests.running(0, 0))
        #expect(try decision == .offer(wave: 0, image()))
        #expect(steps.map(\.rule) == AdmissionStep.Rule.allCases)
        #expect(steps.allSatisfy { $0.holds && !$0.detail.isEmpty })
    }

    @Test func theLastRuleIsTheOneThatRefused() throws {
        let rows: [(RolloutState, UInt64, Attempt?, LimitCounts, AdmissionStep.Rule)] = [
            (.draft, 0, nil, LimitCounts(openLeases: 0), .state),
            (TransitionTests.running(0, 0), 0, .proven, LimitCounts(openLeases: 0), .attempt),
            (TransitionTests.running(0, 0), .max, nil, LimitCounts(openLeases: 0), .wave),
            (TransitionTests.running(0, 0), 0, nil, LimitCounts(openLeases: 3), .concurrent),
            (
                TransitionTests.running(0, 0), 0, nil,
                LimitCounts(
                    openLeases: 0, members: ["site": 9], openWithValue: ["site": 1]), .share
            ),
        ]
        for (state, place, attempt, counts, rule) in rows {
            let (decision, steps) = try Self.trace(
                of: Self.everyLimit, state: state, place: place, attempt: attempt, counts: counts)
            guard case .no(let refusal) = decision else {
                Issue.record("\(rule) did not refuse")
                continue
            }
            let last = try #require(steps.last)
            #expect(last.rule == rule && !last.holds && last.detail == "\(refusal)")
            #expect(steps.count { !$0.holds } == 1)
        }
    }
}
