import Model
import Rollouts
import Testing

/// A rollout of three waves over invented gateways, and what tests vary of it.
enum Simulated {
    static let start = Instant(secondsSinceEpoch: 1_800_000_000)

    static let file = RolloutFile(
        rollout: "gateway-2.4.1", release: "acme-gateway 2.4.1", devices: "all",
        waves: [
            .init(name: "canary", sample: 24, strata: ["board_revision"], soak: "1h"),
            .init(name: "early", percent: "20%", soak: "1h"),
            .init(name: "fleet", percent: "100%", soak: "1h"),
        ],
        gate: .init(maxFailureRate: "2%", minConfirmed: 5), limits: .init(concurrent: 200),
        expires: "14d")

    static func fleet(_ count: Int) throws -> SimulatedFleet {
        var random = SeededGenerator(seed: 1)
        let attributes = [
            InventedAttribute("board_revision", values: [("A", 3), ("B", 2), ("C", 1)]),
            InventedAttribute("site", prefix: "site", count: 20),
            InventedAttribute("ha_pair", prefix: "pair", count: count / 2),
            InventedAttribute("timezone", values: [("UTC", 1), ("Europe/Berlin", 1)]),
        ]
        return SimulatedFleet(
            inventing: count, hardware: try model("gw-2"),
            release: ReleaseID("acme-gateway 2.4.0"), attributes: attributes.compactMap(\.self),
            using: &random)
    }

    static func simulation(
        _ file: RolloutFile = file, devices: Int = 600
    ) throws -> Rollouts.RolloutSimulation {
        try simulation(of: RolloutSpec(file), devices: devices)
    }

    static func simulation(
        of spec: RolloutSpec, devices: Int
    ) throws -> Rollouts.RolloutSimulation {
        try simulation(of: spec, on: fleet(devices))
    }

    static func simulation(
        of spec: RolloutSpec, on fleet: SimulatedFleet
    ) throws -> Rollouts.RolloutSimulation {
        let image = PlannedImage(
            sha256: try digest(2), length: 20_000_000, version: try version("2.4.1"), from: [],
            mayDowngrade: false)
        return try Rollouts.RolloutSimulation(
            of: spec, on: fleet, images: [model("gw-2"): image], start: start,
            zones: FakeTimeZones(), approvalAfter: .seconds(7200), bucket: spread, place: spread)
    }

    static func behaviour(
        failureRate: Double = 0, _ change: (inout FleetBehaviour) -> Void = { _ in }
    ) -> FleetBehaviour {
        var behaviour = FleetBehaviour()
        behaviour.failureRate = failureRate
        change(&behaviour)
        return behaviour
    }

    static func outcome(
        _ behaviour: FleetBehaviour, of file: RolloutFile = file, seed: UInt64
    ) throws -> SimulationOutcome {
        var random = SeededGenerator(seed: seed)
        return try simulation(file).run(behaviour, using: &random)
    }
}
