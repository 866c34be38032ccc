import Model
import Rollouts
import Testing

@Suite struct PlanDetailsTests {
    typealias Fleet = RolloutPlanTests

    private static func make(
        _ file: RolloutFile = Fleet.file, of fleet: some Sequence<DeviceFacts>,
        mayReturn: (ReleaseID, HardwareModel) -> Bool = { _, _ in true }
    ) throws -> DetailedPlan {
        try DetailedPlan.make(
            file, images: [model("gw-2"): image(), model("gw-3"): image(length: 77)], of: fleet,
            mayReturn: mayReturn)
    }

    /// Devices of which every third is of another model, with an image of another length.
    private static func mixed() throws -> [DeviceFacts] {
        try (0..<300).map { number in
            try device(
                "d\(number)", hardware: number % 3 == 0 ? "gw-3" : "gw-2",
                attributes: ["carrier": "c\(number % 7)", "board": number % 2 == 0 ? "A" : "B"])
        }
    }

    @Test func thePlanIsTheSameAsWithoutDetails() throws {
        let fleet = try Fleet.fleet()
        #expect(try Self.make(of: fleet).plan.waves == Fleet.make(of: fleet).waves)
    }

    @Test(arguments: Array(0..<UInt64(10)))
    func doNotDependOnTheOrderOfTheFleet(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let fleet = try Fleet.fleet()
        let shuffled = try Self.make(of: fleet.shuffled(using: &random)) { _, _ in false }
        #expect(try shuffled.details == Self.make(of: fleet) { _, _ in false }.details)
    }

    @Test func countWhatEachWaveAddsAndSends() throws {
        let fleet = try Self.mixed()
        let file = RolloutFile.plain.with {
            $0.waves = [
                .init(name: "canary", sample: 9, strata: ["carrier"]),
                .init(name: "more", sample: 20, strata: ["board"]),
                .init(name: "friends", list: ["d3", "d4", "d5"]),
                .init(name: "tenth", percent: "10"), .init(name: "half", percent: "50"),
            ]
        }
        let detailed = try Self.make(file, of: fleet)
        let (plan, details) = (detailed.plan, detailed.details)
        for (index, wave) in details.waves.enumerated() {
            let added = fleet.filter {
                plan.wave(of: $0, bucket: spread($0.id), in: .plain) == index
            }
            #expect(wave.addedCount == added.count, "\(wave.name)")
            let bytes = try added.map { try $0.hardware == model("gw-3") ? 77 : 1000 }
            #expect(wave.byteCount == bytes.reduce(0, +), "\(wave.name)")
        }
        #expect(details.byteCount == details.waves.reduce(0) { $0 + $1.byteCount })
        #expect(details.candidateCount == 300)
        #expect(details.unreachedCount == 300 - plan.waves[4].deviceCount)
        #expect(
            details.waves[0].description
                == "wave \"canary\" adds 9 devices, which download "
                + "\(details.waves[0].byteCount) bytes")
    }

    @Test func nameTheFirstOfTheExcludedForEachReason() throws {
        let excluded = try Self.make(of: Fleet.fleet()).details.excluded
        #expect(
            excluded.map(\.kind) == [
                .notSelected, .retired, .wrongHardware, .alreadyInstalled, .downgrade,
            ])
        #expect(excluded.allSatisfy { $0.deviceCount == 30 && $0.examples.count == 10 })
        let hardware = try #require(excluded.first { $0.kind == .wrongHardware })
        let all = (0..<30).map { "gw-\($0 * 20 + 1)" }
        #expect(hardware.examples.map(\.text) == Array(all.sorted().prefix(10)))
        #expect(
            hardware.description == "30 of other hardware: "
                + all.sorted().prefix(10).joined(separator: ", ") + " and 20 more")
    }

    static let returns: [([String?], [String], String)] = [
        (["a 1", "a 1"], ["a 1"], "2 of 2 devices could go back to what they run now"),
        (
            ["a 1", "a 2", nil], ["a 1"],
            "1 of 3 devices could go back to what they run now; not the "
                + "1 on gw-2 with a release that is not known, 1 on gw-2 with a 2"
        ),
        (
            ["a 1", "a 2", "a 2", "a 3", "a 4"], [],
            "0 of 5 devices could go back to what they run now; not the 2 on gw-2 with a 2, "
                + "1 on gw-2 with a 1, 1 on gw-2 with a 3 and those of 1 more"
        ),
    ]

    @Test(arguments: returns)
    func tellWhoCouldGoBack(running: [String?], published: [String], words: String) throws {
        let fleet = try running.enumerated().map { try device("d\($0)", running: $1) }
        let wayBack = try Self.make(
            .plain.with {
                $0.gate.minConfirmed = nil
                $0.waves = [.init(name: "fleet", percent: "100")]
            }, of: fleet
        ) { release, _ in
            published.contains("\(release)")
        }.details.wayBack
        #expect(wayBack.description == words)
        #expect(wayBack.candidateCount == running.count)
    }

    @Test func askOnceForEachReleaseAndModel() throws {
        var asked: [String] = []
        let wayBack = try Self.make(.plain, of: Self.mixed()) { release, hardware in
            asked.append("\(release) \(hardware)")
            return hardware.text == "gw-2"
        }.details.wayBack
        #expect(asked.sorted() == ["acme-gateway 2.4.0 gw-2", "acme-gateway 2.4.0 gw-3"])
        #expect(wayBack.returnableCount == 200)
        #expect(wayBack.obstacles.map(\.deviceCount) == [100])
    }

    @Test func keepOnlyTheMostFrequentObstacles() throws {
        let fleet = try (0..<200).map { try device("d\($0)", running: "a \($0 % 60)") }
        let file = RolloutFile.plain.with { $0.waves = [.init(name: "all", percent: "100")] }
        let wayBack = try Self.make(file, of: fleet) { _, _ in false }.details.wayBack
        #expect(wayBack.obstacles.count == WayBack.maximumCount)
        #expect(wayBack.furtherCount == 10)
        #expect(wayBack.obstacles.prefix(20).allSatisfy { $0.deviceCount == 4 })
        #expect(wayBack.returnableCount == 0)
    }
}

@Suite struct StratumCoverageTests {
    /// 500 devices, of which 412 have revision A, 80 B, 5 C and 3 none; half of each on carrier x.
    private static func fleet() throws -> [DeviceFacts] {
        try (0..<500).map { number in
            var attributes = ["carrier": number % 2 == 0 ? "x" : "y"]
            switch number {
            case ..<412: attributes["board"] = "A"
            case ..<492: attributes["board"] = "B"
            case ..<497: attributes["board"] = "C"
            default: break
            }
            return try device("d\(number)", attributes: attributes)
        }
    }

    private static func coverage(
        _ waves: [RolloutFile.Wave], of fleet: [DeviceFacts]
    ) throws -> [[StratumCoverage]] {
        let file = RolloutFile.plain.with {
            $0.gate.minConfirmed = 1
            $0.waves = waves
        }
        return try DetailedPlan.make(file, images: [model("gw-2"): image()], of: fleet)
            .details.waves.map(\.coverage)
    }

    static let words: [(Int, String)] = [
        (
            1,
            #"0 of 80 devices with board "B", 0 of 5 devices with board "C", "#
                + #"0 of 3 devices without board are in wave "canary""#
        ),
        (3, #"0 of 3 devices without board are in wave "canary""#),
        (4, #"wave "canary" has devices of each of the 4 values of board"#),
    ]

    @Test(arguments: words)
    func namesTheValuesThatAreNotCovered(count: Int, words: String) throws {
        let coverage = try Self.coverage(
            [.init(name: "canary", sample: count, strata: ["board"])], of: Self.fleet())
        #expect(coverage[0].map(\.description) == [words])
    }

    @Test func countsTheDevicesOfEachValue() throws {
        let coverage = try Self.coverage(
            [.init(name: "canary", sample: 7, strata: ["board"])], of: Self.fleet())[0][0]
        #expect(coverage.values.map(\.text) == ["A", "B", "C", nil])
        #expect(coverage.values.map(\.deviceCount) == [412, 80, 5, 3])
        #expect(coverage.values.map(\.reachedCount) == [2, 2, 2, 1])
        #expect(coverage.uncoveredCount == 0)
    }

    @Test func takesTheAttributesOneAtATime() throws {
        let waves: [RolloutFile.Wave] = [
            .init(name: "canary", sample: 2, strata: ["board", "carrier"]),
            .init(name: "fleet", percent: "100"),
        ]
        let coverage = try Self.coverage(waves, of: Self.fleet())
        #expect(coverage[0].map(\.attribute) == ["board", "carrier"])
        #expect(coverage[0].map(\.uncoveredCount) == [3, 0])
        #expect(coverage[1].isEmpty)
    }

    /// The later sample has other strata, and the earlier devices count for them, too.
    @Test func countsWhatEarlierSamplesReach() throws {
        let fleet = try Self.fleet()
        let coverage = try Self.coverage(
            [
                .init(name: "few", count: 6), .init(name: "canary", sample: 9, strata: ["board"]),
                .init(name: "more", sample: 12, strata: ["carrier"]),
            ], of: fleet)
        #expect(coverage[0].isEmpty)
        #expect(coverage[1][0].values.reduce(0) { $0 + $1.reachedCount } == 9)
        #expect(coverage[2][0].values.reduce(0) { $0 + $1.reachedCount } == 12)
        #expect(coverage[2][0].values.map(\.deviceCount) == [250, 250])
    }

    @Test func keepsTheLargestValues() throws {
        let fleet = try (0..<130).map { try device("d\($0)", attributes: ["board": "b\($0 % 60)"]) }
        let coverage = try Self.coverage(
            [.init(name: "canary", sample: 55, strata: ["board"])], of: fleet)[0][0]
        #expect(coverage.values.count == StratumCoverage.maximumCount)
        #expect(coverage.values.prefix(10).allSatisfy { $0.deviceCount == 3 })
        #expect(coverage.furtherCount == 10)
        #expect(coverage.valueCount == 60)
        #expect(coverage.uncoveredCount == 5)
        #expect(
            coverage.description == "5 of 60 values of board, all of them rare, "
                + #"are not in wave "canary""#)
        let few = try Self.coverage(
            [.init(name: "canary", sample: 40, strata: ["board"])], of: fleet)[0][0]
        #expect(few.description.hasSuffix(#" and of 17 more values are in wave "canary""#))
    }
}

@Suite struct EarliestFinishTests {
    /// Waves of 1 % with 10 devices and of 100 % with 1000.
    private static func finishes(
        _ minutesPerDevice: Int, concurrent: Int, soaks: [String],
        rate: RolloutFile.Rate? = nil
    ) throws -> [Duration] {
        let file = RolloutFile.plain.with {
            $0.expires = "300d"
            $0.limits.concurrent = concurrent
            $0.waves = [
                .init(name: "early", percent: "1", soak: soaks[0]),
                .init(name: "fleet", percent: "100", soak: soaks[1], rate: rate),
            ]
        }
        let spec = try RolloutSpec(file)
        let plan = try #require(
            RolloutPlan(
                restoring: spec, listed: [[], []], deviceCounts: [10, 1000], excluded: [:],
                hardware: []))
        return plan.earliestFinishes(timePerDevice: .seconds(60 * minutesPerDevice))
    }

    static let withoutRate: [(Int, Int, [String], [Int])] = [
        // The soak is longer than any device needs.
        (1, 1000, ["1h", "2h"], [60, 180]),
        // 990 devices, 100 at once: ten turns of a minute each.
        (1, 100, ["0s", "0s"], [1, 11]), (1, 99, ["0s", "0s"], [1, 11]),
        (1, 98, ["0s", "0s"], [1, 12]),
        // One at a time.
        (2, 1, ["1m", "0s"], [20, 2000]),
        (0, 1, ["3m", "0s"], [3, 3]),
    ]

    @Test(arguments: withoutRate)
    func takeTheLongerOfSoakAndTurns(
        minutes: Int, concurrent: Int, soaks: [String], expected: [Int]
    ) throws {
        let finishes = try Self.finishes(minutes, concurrent: concurrent, soaks: soaks)
        #expect(finishes == expected.map { .seconds(60 * $0) })
    }

    static let withRate: [(RolloutFile.Rate, Int)] = [
        // 990 leases at 10 a minute: the last of them 98 minutes after the first.
        (.init(start: "10/min"), 98), (.init(start: "990/min"), 0), (.init(start: "989/min"), 1),
        // Of the 990, 90 at 10 (8 minutes), 100 at 20 (4), and 800 at 40 (19).
        (.init(start: "10/min", factor: 2, every: "100 confirmed", max: "40/min"), 8 + 4 + 19),
        (.init(start: "1/min", factor: 100, every: "1 confirmed", max: "1000000/min"), 0),
    ]

    @Test(arguments: withRate)
    func takeTheLeasesThatTheRateAllows(rate: RolloutFile.Rate, minutes: Int) throws {
        let finishes = try Self.finishes(1, concurrent: 1000, soaks: ["0s", "0s"], rate: rate)
        // A minute for the first wave, and one for the device with the last lease.
        #expect(finishes == [.seconds(60), .seconds(60 * (minutes + 2))])
    }
}
