import Model
import Rollouts
import Testing

@Suite struct RolloutSpecTests {
    @Test func readsEveryMember() throws {
        let file = RolloutFile(
            rollout: "gateway-2.4.1", release: "acme-gateway 2.4.1", devices: #"has(site)"#,
            waves: [
                RolloutFile.Wave(
                    name: "canary", sample: 50, strata: ["board_revision", "carrier"], soak: "24h"),
                RolloutFile.Wave(name: "fleet", percent: "100"),
            ],
            gate: RolloutFile.Gate(
                maxFailureRate: "1.5%", confidence: "99%", minConfirmed: 20,
                require: "evidence_of_health", overdueAfter: "30m"),
            limits: RolloutFile.Limits(concurrent: 7), onFailure: "pause", expires: "3d")
        let spec = try RolloutSpec(file)
        #expect(spec.name == RolloutName("gateway-2.4.1"))
        #expect(spec.release == ReleaseID("acme-gateway 2.4.1"))
        #expect(try spec.selector == Selector("has(site)"))
        #expect(spec.waves.map(\.name) == ["canary", "fleet"])
        #expect(
            spec.waves[0].target == .sample(count: 50, strata: ["board_revision", "carrier"]))
        #expect(try spec.waves[1].target == .percent(percent("100")))
        #expect(spec.waves.map(\.soak) == [.seconds(86_400), .zero])
        #expect(spec.gate.maxFailureRate == 0.015)
        #expect(spec.gate.confidence == 0.99)
        #expect(spec.gate.minConfirmed == 20)
        #expect(spec.gate.require == .evidenceOfHealth)
        #expect(spec.gate.overdueAfter == .seconds(1800))
        #expect(spec.limits.concurrent == 7)
        #expect(spec.lifetime == .seconds(3 * 86_400))
    }

    @Test func fillsInWhatIsNotWritten() throws {
        let spec = try RolloutSpec(
            RolloutFile(
                rollout: "r", release: "a 1", devices: "all",
                waves: [RolloutFile.Wave(name: "w", percent: "1")]))
        #expect(spec.gate.maxFailureRate == 0.02)
        #expect(spec.gate.confidence == 0.95)
        #expect(spec.gate.confirmations(amongReached: 9) == 5)
        #expect(spec.gate.confirmations(amongReached: 1000) == 20)
        #expect(spec.gate.require == .noEvidenceOfHarm)
        #expect(spec.gate.overdueAfter == .seconds(7200))
        #expect(spec.limits.concurrent == 500)
        #expect(spec.lifetime == .seconds(14 * 86_400))
    }

    @Test func samplesMayGrowIntoPercentages() throws {
        let spec = try RolloutSpec(
            .plain.with {
                $0.waves.insert(.init(name: "a", sample: 5), at: 0)
                $0.waves.insert(.init(name: "b", sample: 6, strata: ["site"]), at: 1)
            })
        #expect(spec.waves.count == 4)
    }
}
