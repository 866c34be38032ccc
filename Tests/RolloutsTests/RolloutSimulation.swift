import Model
import Rollouts
import Testing

/// Drives rollouts with random but reproducible events and checks what must hold whatever happens.
///
/// A failing seed is the whole bug report: add it to `seeds` and the failure is a regression test.
@Suite struct RolloutSimulation {
    static let seeds: [UInt64] = Array(0..<100)

    @Test(arguments: seeds)
    func neverReachesFurtherThanTheOpenWave(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let plan = try RolloutPlan.restored(
            .plain.with { $0.waves.insert(.init(name: "some", percent: "50%"), at: 1) })
        var state = RolloutState.draft
        var now: Int64 = 0
        for _ in 0..<300 {
            now += Int64.random(in: 0...400, using: &random)
            let event = Self.event(at: at(now), using: &random)
            guard let transition = try? plan.transition(from: state, on: event) else { continue }
            for case .offer(let wave) in transition.effects {
                #expect(plan.openWave(in: transition.state) == wave)
            }
            if let before = Self.wave(of: state), let after = Self.wave(of: transition.state) {
                #expect(after == before || after == before + 1, "a wave was skipped or repeated")
            }
            if case .aborted = state {
                #expect(transition == Transition(state: state, effects: []))
            }
            try Self.checkAdmission(plan, transition.state, using: &random)
            state = transition.state
        }
    }

    /// Whoever is offered the release stands inside the open wave, under the cap, for the first time.
    private static func checkAdmission(
        _ plan: RolloutPlan, _ state: RolloutState, using random: inout SplitMix64
    ) throws {
        let place = try bucket(random.next())
        let leases = Int.random(in: 0...4, using: &random)
        let attempts: [Attempt?] = [
            nil, nil, .underWay, .proven, .failed(.health, at: at(0), tries: 1),
        ]
        let attempt = attempts.randomElement(using: &random) ?? nil
        let decision = try plan.admission(
            of: device(), bucket: place, state: state, image: image(),
            attempt: attempt, paused: [], in: .plain, zones: FakeTimeZones(),
            counts: { LimitCounts(openLeases: leases) })
        guard case .offer(let wave, _) = decision else { return }
        let open = try #require(plan.openWave(in: state), "offered while \(state)")
        #expect(wave <= open)
        #expect(try plan.reaches(device(), bucket: place, upTo: open, in: .plain))
        #expect(leases < plan.spec.limits.concurrent)
        #expect(attempt == nil)
    }

    private static func event(at now: Instant, using random: inout SplitMix64) -> RolloutEvent {
        switch Int.random(in: 0..<200, using: &random) {
        case 0..<20: .start(at: now)
        case 20..<30: .pause
        case 30..<60: .resume(at: now)
        case 60: .abort(.operatorRequest)
        default: .tick(at: now, evidence(using: &random))
        }
    }

    private static func evidence(using random: inout SplitMix64) -> WaveEvidence {
        let proven = Int.random(in: 0...200, using: &random)
        return WaveEvidence(
            proven: proven, failed: Int.random(in: 0...4, using: &random),
            provenInWave: Int.random(in: 0...proven, using: &random),
            undecided: Bool.random(using: &random) ? 0 : 1)
    }

    private static func wave(of state: RolloutState) -> Int? {
        switch state {
        case .running(let wave, _, _), .paused(let wave, _, _): wave
        case .draft, .completed, .reverting, .aborted: nil
        }
    }
}
