import Model
import Rollouts
import Testing

/// Waves by count, by selector and by name, beside samples and percentages.
@Suite struct WaveTargetTests {
    private static let mixed: [RolloutFile.Wave] = [
        .init(name: "few", count: 4), .init(name: "canary", sample: 9, strata: ["carrier"]),
        .init(name: "friends", list: ["gw-7", "gw-3", "gw-550"]),
        .init(name: "tenth", percent: "10"),
        .init(name: "carrier z", devices: #"carrier == "z""#),
        .init(name: "fleet", percent: "100"),
    ]

    private func plan(_ waves: [RolloutFile.Wave]) throws -> RolloutPlan {
        let file = RolloutFile.plain.with { $0.waves = waves }
        return try RolloutPlanTests.make(file, of: RolloutPlanTests.fleet())
    }

    @Test func eachWaveCountsWhatItAndThoseBeforeItReach() throws {
        let plan = try plan(Self.mixed)
        let candidates = try RolloutPlanTests.fleet().filter {
            let image = try $0.hardware == model("gw-2") ? image() : nil
            return plan.spec.ineligibility(of: $0, image: image, in: .plain) == nil
        }
        for (index, wave) in plan.waves.enumerated() {
            let reached = candidates.count {
                plan.reaches($0, bucket: spread($0.id), upTo: index, in: .plain)
            }
            #expect(wave.deviceCount == reached, "\(wave.spec.name)")
        }
        #expect(plan.waves.prefix(2).map(\.deviceCount) == [4, 9])
        #expect(plan.waves[2].listed.map(\.text) == ["gw-3", "gw-550", "gw-7"])
        #expect(plan.waves.last?.deviceCount == candidates.count)
    }

    @Test func aCountTakesTheFirstOfTheStableOrder() throws {
        let fleet = try RolloutPlanTests.fleet()
        let plan = try plan([.init(name: "few", count: 20), .init(name: "all", percent: "100")])
        let candidates = try fleet.filter {
            let image = try $0.hardware == model("gw-2") ? image() : nil
            return plan.spec.ineligibility(of: $0, image: image, in: .plain) == nil
        }
        let first = candidates.sorted { spread($0.id) < spread($1.id) }.prefix(20).map(\.id)
        #expect(plan.waves[0].listed == first.sorted())
    }

    @Test func aDeviceIsReachedByTheFirstWaveThatNamesOrPicksIt() throws {
        let plan = try plan([
            .init(name: "friends", list: ["gw-40", "gw-60"]),
            .init(name: "carrier z", devices: #"carrier == "z""#),
            .init(name: "fleet", percent: "100"),
        ])
        func wave(_ id: String, _ carrier: String) throws -> Int? {
            let device = try device(id, attributes: ["carrier": carrier])
            return plan.wave(of: device, bucket: spread(device.id), in: .plain)
        }
        #expect(try wave("gw-40", "z") == 0)
        #expect(try wave("gw-80", "z") == 1)
        #expect(try wave("late", "z") == 1, "a device that comes later falls into its place")
        #expect(try wave("gw-6", "x") == 2)
    }

    @Test func isRestoredAsItWas() throws {
        let plan = try plan(Self.mixed)
        let restored = RolloutPlan(
            restoring: plan.spec, listed: plan.waves.map(\.listed),
            deviceCounts: plan.waves.map(\.deviceCount), excluded: plan.excluded,
            hardware: plan.hardware)
        #expect(restored == plan)
    }

    @Test(arguments: [
        (
            RolloutFile.Wave(name: "friends", list: ["gw-1", "gwx-7", "nobody"]),
            "wave \"friends\" lists devices that are not known: gwx-7, nobody"
        ),
        (
            RolloutFile.Wave(name: "mars", devices: #"carrier == "mars""#),
            "wave \"mars\" picks no device that can take the release and is not reached before"
        ),
        (
            RolloutFile.Wave(name: "typing", devices: #"carier == "z""#),
            "waves[0].devices: no device has an attribute called `carier`; did you mean `carrier`?"
        ),
        (
            RolloutFile.Wave(name: "typing", sample: 9, strata: ["carrier", "board"]),
            "waves[0].strata[1]: no device has an attribute called `board`"
        ),
    ])
    func refusesAWaveThatIsAMistake(wave: RolloutFile.Wave, words: String) throws {
        let error = #expect(throws: PlanError.self) {
            try plan([wave, .init(name: "fleet", percent: "100")])
        }
        #expect(error?.description == words)
    }

    @Test func refusesASelectorOfWordsThatMeanNothing() throws {
        let file = RolloutFile.plain.with { $0.devices = #"tags == "x" or has(carrier) or has(x)"# }
        let error = #expect(throws: PlanError.self) {
            try RolloutPlanTests.make(file, of: RolloutPlanTests.fleet())
        }
        #expect(error?.description == "devices: no device has an attribute called `x`")
    }

    @Test func refusesAnImageThatNeverFitsIntoTheEgress() throws {
        let file = RolloutFile.plain.with { $0.limits.egress = "1 kB/hour" }
        func plan(length: Int64) throws -> RolloutPlan {
            try RolloutPlan.make(
                RolloutSpec(file), images: [model("gw-2"): image(length: length)],
                fleet: RolloutPlanTests.fleet(), in: .plain, bucket: spread)
        }
        _ = try plan(length: 1000)
        let error = #expect(throws: PlanError.self) { try plan(length: 1001) }
        #expect(
            error?.description
                == "an image has 1001 bytes, more than the egress of 1 kB/hour ever allows")
    }
}
