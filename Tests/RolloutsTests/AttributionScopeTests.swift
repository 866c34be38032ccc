import Model
import Rollouts
import Testing

/// In what failures are looked for, as a plan fixes it.
@Suite struct AttributionScopeTests {
    private static func scope(of fleet: [DeviceFacts]) throws -> AttributionScope {
        let file = RolloutFile.plain.with { $0.devices = #"not tag("lab")"# }
        return try DetailedPlan.make(file, images: [model("gw-2"): image()], of: fleet).scope
    }

    /// As many devices as `count`, each with one of so many values of each attribute.
    private static func fleet(_ count: Int, valueCounts: [String: Int]) throws -> [DeviceFacts] {
        try (0..<count).map { number in
            try device("d\(number)", attributes: valueCounts.mapValues { "v\(number % $0)" })
        }
    }

    @Test func holdsAttributesWithTwoToFiftyValues() throws {
        let counts = ["one": 1, "two": 2, "fifty": 50, "many": 51, "serial": 300]
        let scope = try Self.scope(of: Self.fleet(300, valueCounts: counts))
        #expect(scope == AttributionScope(attributes: ["fifty", "two"], pairCount: 52))
    }

    @Test func looksOnlyAtDevicesThatCouldTakeTheRelease() throws {
        var fleet = try Self.fleet(100, valueCounts: ["board": 3])
        fleet.append(try device("lab", attributes: ["board": "w", "tags": "lab"]))
        fleet.append(try device("held", attributes: ["board": "x"], standing: .held("x")))
        fleet.append(try device("other", hardware: "gw-1", attributes: ["board": "y"]))
        fleet.append(try device("done", image: 2, attributes: ["board": "z"]))
        #expect(try Self.scope(of: fleet).pairCount == 3)
    }

    @Test(arguments: Array(0..<UInt64(5)))
    func doesNotDependOnTheOrderOfTheFleet(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let fleet = try Self.fleet(300, valueCounts: ["a": 7, "b": 50, "c": 51])
        #expect(try Self.scope(of: fleet.shuffled(using: &random)) == Self.scope(of: fleet))
    }
}
