import Model
import Rollouts
import Testing

@Suite struct SampleTests {
    /// 100 devices of carrier x, 10 of y, 1 of z, and 1 without a carrier.
    static func fleet() throws -> [DeviceFacts] {
        try (0..<112).map { number in
            let carrier: String? =
                switch number {
                case ..<100: "x"
                case ..<110: "y"
                case 110: "z"
                default: nil
                }
            return try device(
                "gw-\(number)",
                attributes: carrier.map { ["carrier": $0] } ?? [:])
        }
    }

    private static func listed(
        _ waves: [(count: Int, strata: [String])], of fleet: [DeviceFacts]
    ) throws -> [[DeviceFacts]] {
        let file = RolloutFile.plain.with {
            $0.gate.minConfirmed = 1
            $0.waves = waves.map {
                .init(name: "\($0.count)", sample: $0.count, strata: $0.strata)
            }
        }
        let plan = try RolloutPlan.make(
            RolloutSpec(file), images: [model("gw-2"): image()], fleet: fleet, in: .plain,
            bucket: spread)
        return plan.waves.map { wave in fleet.filter { wave.listed.contains($0.id) } }
    }

    private static func carriers(_ devices: [DeviceFacts]) -> [String: Int] {
        devices.reduce(into: [:]) { $0[$1.attributes["carrier"] ?? "none", default: 0] += 1 }
    }

    static let shares: [(Int, [String: Int])] = [
        (1, ["x": 1]), (2, ["x": 1, "y": 1]),
        // Of the same size, the stratum of devices without the attribute comes first.
        (3, ["x": 1, "y": 1, "none": 1]), (4, ["x": 1, "y": 1, "z": 1, "none": 1]),
        (6, ["x": 2, "y": 2, "z": 1, "none": 1]), (22, ["x": 10, "y": 10, "z": 1, "none": 1]),
        (50, ["x": 38, "y": 10, "z": 1, "none": 1]),
        (500, ["x": 100, "y": 10, "z": 1, "none": 1]),
    ]

    @Test(arguments: shares)
    func strataTakeTurnsFromTheLargest(count: Int, share: [String: Int]) throws {
        let sample = try Self.listed([(count, ["carrier"])], of: Self.fleet())[0]
        #expect(Self.carriers(sample) == share)
    }

    @Test func withoutStrataTheSmallestBucketsAreTaken() throws {
        let fleet = try Self.fleet()
        let expected = fleet.map(\.id).sorted { spread($0) < spread($1) }.prefix(20)
        let sample = try Self.listed([(20, [])], of: fleet)[0]
        #expect(Set(sample.map(\.id)) == Set(expected))
    }

    @Test func withinAStratumTheSmallestBucketsAreTaken() throws {
        let fleet = try Self.fleet()
        let sample = try Self.listed([(22, ["carrier"])], of: fleet)[0]
        let expected = fleet.filter { $0.attributes["carrier"] == "x" }.map(\.id)
            .sorted { spread($0) < spread($1) }.prefix(10)
        let taken = sample.filter { $0.attributes["carrier"] == "x" }.map(\.id)
        #expect(Set(taken) == Set(expected))
    }

    @Test func aLaterSampleAddsToTheEarlierOne() throws {
        let fleet = try Self.fleet()
        let waves = try Self.listed([(6, ["carrier"]), (22, ["carrier"])], of: fleet)
        #expect(waves.map(\.count) == [6, 16])
        let whole = try Self.listed([(22, ["carrier"])], of: fleet)[0]
        #expect(Set(waves.joined()) == Set(whole))
    }

    @Test func aLaterSampleWithOtherStrataStillHasItsCount() throws {
        let waves = try Self.listed([(20, []), (24, ["carrier"])], of: Self.fleet())
        #expect(waves.map(\.count) == [20, 4])
    }

    @Test func severalStrataAreCombinedWithoutConfusion() throws {
        // Joined without care, all three would be the same stratum.
        let fleet = try [["ab", "c"], ["a", "bc"], ["abc", nil]].enumerated().map { index, pair in
            var attributes = ["one": pair[0] ?? ""]
            attributes["two"] = pair[1]
            return [
                try device("a\(index)", attributes: attributes),
                try device("b\(index)", attributes: attributes),
            ]
        }.flatMap { $0 }
        let sample = try Self.listed([(3, ["one", "two"])], of: fleet)[0]
        #expect(Set(sample.map { $0.attributes["one"] }) == ["ab", "a", "abc"])
    }
}
