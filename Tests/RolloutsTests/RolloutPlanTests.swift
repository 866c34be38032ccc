import Model
import Rollouts
import Testing

@Suite struct RolloutPlanTests {
    static let file = RolloutFile.plain.with {
        $0.devices = #"not tag("lab")"#
        $0.waves.insert(.init(name: "canary", sample: 10, strata: ["carrier"]), at: 0)
        $0.waves.insert(.init(name: "more", sample: 25, strata: ["carrier"]), at: 1)
    }

    /// 600 devices, of which some cannot take the release for each of several reasons.
    static func fleet() throws -> [DeviceFacts] {
        try (0..<600).map { number in
            try device(
                "gw-\(number)", hardware: number % 20 == 1 ? "gw-1" : "gw-2",
                running: number % 20 == 2 ? "acme-gateway 3" : "acme-gateway 2.4.0",
                image: number % 20 == 3 ? 2 : 1,
                attributes: [
                    "carrier": ["x", "x", "x", "y", "z"][number / 20 % 5],
                    "tags": number % 20 == 4 ? "lab" : "",
                ],
                standing: number % 20 != 5 ? .active : .retired)
        }
    }

    static func make(
        _ file: RolloutFile = file, of fleet: some Sequence<DeviceFacts>
    ) throws -> RolloutPlan {
        try RolloutPlan.make(
            RolloutSpec(file), images: [model("gw-2"): image()], fleet: fleet, in: .plain,
            bucket: spread)
    }

    @Test func countsTheExcludedByReason() throws {
        let plan = try Self.make(of: Self.fleet())
        #expect(
            plan.excluded == [
                .wrongHardware: 30, .downgrade: 30, .alreadyInstalled: 30, .notSelected: 30,
                .retired: 30,
            ])
        #expect(try plan.hardware == [model("gw-2")])
    }

    @Test func countsExactlyTheCandidatesThatEachWaveReaches() throws {
        let fleet = try Self.fleet()
        let plan = try Self.make(of: fleet)
        let spec = plan.spec
        let candidates = try fleet.filter {
            let has = try $0.hardware == model("gw-2")
            return spec.ineligibility(of: $0, image: has ? try image() : nil, in: .plain) == nil
        }
        #expect(candidates.count == 450)
        for (index, wave) in plan.waves.enumerated() {
            let reached = candidates.count {
                plan.reaches($0, bucket: spread($0.id), upTo: index, in: .plain)
            }
            #expect(wave.deviceCount == reached)
        }
        #expect(plan.waves[0].deviceCount == 10)
        #expect(plan.waves[1].deviceCount == 25)
        #expect(plan.waves[3].deviceCount == 450)
    }

    @Test(arguments: Array(0..<UInt64(20)))
    func doesNotDependOnTheOrderOfTheFleet(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let fleet = try Self.fleet()
        #expect(
            try Self.make(of: fleet.shuffled(using: &random)) == Self.make(of: fleet))
    }

    @Test func aWaveReachesEverythingThatEarlierOnesReach() throws {
        let fleet = try Self.fleet()
        let plan = try Self.make(of: fleet)
        for device in fleet {
            let place = spread(device.id)
            let first = plan.wave(of: device, bucket: place, in: .plain)
            for index in plan.waves.indices {
                let expected = first.map { $0 <= index } ?? false
                #expect(plan.reaches(device, bucket: place, upTo: index, in: .plain) == expected)
            }
        }
    }

    @Test func reachesNoDeviceThatIsNotSelectedActiveAndOfItsHardware() throws {
        let plan = try RolloutPlan.restored(Self.file)
        let place = try bucket(0)
        #expect(try plan.wave(of: device(), bucket: place, in: .plain) == 2)
        #expect(
            try plan.wave(of: device(attributes: ["tags": "lab"]), bucket: place, in: .plain) == nil
        )
        #expect(try plan.wave(of: device(standing: .retired), bucket: place, in: .plain) == nil)
        #expect(try plan.wave(of: device(hardware: "gw-1"), bucket: place, in: .plain) == nil)
    }

    @Test func aPercentageHoldsForDevicesThatJoinLater() throws {
        let plan = try RolloutPlan.restored()
        #expect(try plan.wave(of: device("new"), bucket: bucket(0), in: .plain) == 0)
        #expect(try plan.wave(of: device("new"), bucket: bucket(.max), in: .plain) == 1)
    }

    @Test func aStoredPlanComesBackTheSame() throws {
        let plan = try Self.make(of: Self.fleet())
        let restored = RolloutPlan(
            restoring: plan.spec, listed: plan.waves.map { $0.listed.reversed() },
            deviceCounts: plan.waves.map(\.deviceCount), excluded: plan.excluded,
            hardware: plan.hardware)
        #expect(restored == plan)
    }

    @Test func aStoredPlanThatCannotBeIsRefused() throws {
        let spec = try RolloutSpec(Self.file)
        let one = try [deviceID("a")]
        func restore(_ listed: [[DeviceID]], _ counts: [Int]) -> RolloutPlan? {
            RolloutPlan(
                restoring: spec, listed: listed, deviceCounts: counts, excluded: [:], hardware: [])
        }
        #expect(restore([one, [], [], []], [1, 1, 1, 1]) != nil)
        #expect(restore([one, [], []], [1, 1, 1, 1]) == nil)
        #expect(restore([one, [], [], []], [1, 1, 1]) == nil)
        #expect(restore([one, one, [], []], [1, 1, 1, 1]) == nil)
        #expect(restore([[], [], one, []], [1, 1, 1, 1]) == nil)
        #expect(restore([one, [], [], []], [1, 2, 1, 2]) == nil)
    }
}

@Suite struct PlanErrorTests {
    typealias Tests = RolloutPlanTests

    private static func refusal(
        of fleet: [DeviceFacts], _ change: (inout RolloutFile) -> Void = { _ in }
    ) throws -> PlanError? {
        #expect(throws: PlanError.self) {
            try Tests.make(RolloutFile.plain.with(change), of: fleet)
        }
    }

    @Test func refusesASelectorThatPicksNothing() throws {
        #expect(try Self.refusal(of: []) == .selectorPicksNoDevice)
        #expect(
            try Self.refusal(of: [device()]) { $0.devices = "not all" } == .selectorPicksNoDevice)
    }

    @Test func refusesAReleaseWithoutAnImageForAnyDevice() throws {
        let fleet = [try device(hardware: "gw-9"), try device(hardware: "gw-1")]
        #expect(
            try Self.refusal(of: fleet)
                == .noImageForAnyDevice(hardware: [model("gw-1"), model("gw-9")]))
    }

    @Test func refusesAFleetThatCannotTakeTheRelease() throws {
        let fleet = [try device(image: 2), try device(standing: .retired)]
        let error = try Self.refusal(of: fleet)
        #expect(error == .everyDeviceExcluded([.alreadyInstalled: 1, .retired: 1]))
        #expect(
            error?.description == "no device can take the release: "
                + "1 retired, 1 already running the image")
    }

    @Test func refusesAGateThatNeedsMoreDevicesThanTheWaveReaches() throws {
        let fleet = try Tests.fleet()
        #expect(
            try Self.refusal(of: fleet) {
                $0.waves.insert(.init(name: "canary", sample: 10), at: 0)
                $0.gate.minConfirmed = 11
            } == .gateCannotBeMet(wave: "canary", minConfirmed: 11, devices: 10))
        let plan = try Tests.make(
            Tests.file.with { $0.gate.minConfirmed = 10 }, of: fleet)
        #expect(plan.waves[0].deviceCount == 10)
    }

    @Test func refusesAWaveTooSmallToShowHealth() throws {
        let fleet = try Tests.fleet()
        func file(_ count: Int) -> (inout RolloutFile) -> Void {
            {
                $0.waves[0] = .init(name: "canary", sample: count)
                $0.gate.require = "evidence_of_health"
            }
        }
        #expect(
            try Self.refusal(of: fleet, file(162))
                == .healthCannotBeShown(wave: "canary", devices: 162))
        let plan = try Tests.make(RolloutFile.plain.with(file(163)), of: fleet)
        #expect(plan.waves[0].deviceCount == 163)
    }
}
