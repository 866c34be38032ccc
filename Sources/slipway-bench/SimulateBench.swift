internal import ArgumentParser
internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Rollouts
internal import Stores

/// What it costs to play a rollout to a large fleet.
struct SimulateBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Play one healthy rollout of five waves from its start to its end.",
        discussion: """
            Of 200 devices one fails, where four may, and a tenth is offline at any moment. The \
            time includes planning, and not the invention of the fleet.
            """)

    @Option(help: "How many devices the fleet has.") var devices = 100_000
    @Option(help: "What the devices and their luck follow from.") var seed: UInt64 = 1
    @OptionGroup var options: BenchOptions

    func validate() throws {
        guard (10_000...SimulatedFleet.maximumCount).contains(devices) else {
            throw ValidationError("from 10000 to \(SimulatedFleet.maximumCount) devices")
        }
    }

    func run() throws {
        let hashing = OpenSSLHashing()
        var random = SeededGenerator(seed: seed)
        let fleet = try Self.fleet(devices, using: &random)
        var offered = 0
        let seconds = try WallTime.seconds {
            let simulation = try Self.simulation(on: fleet, hashing)
            let outcome = simulation.run(Self.behaviour, using: &random)
            guard outcome.isCompleted else {
                throw BenchProblem.failed("the rollout ended as \(outcome.state)")
            }
            offered = outcome.offered
        }
        var figures = Figures("simulate")
        figures.set("devices", to: devices)
        figures.set("offered", to: offered)
        figures.set("seconds", to: seconds)
        figures.set("peak_rss_mib", to: Program.ownPeakMiB)
        figures.tell()
    }

    private static func fleet(
        _ count: Int, using random: inout SeededGenerator
    ) throws -> SimulatedFleet {
        let attributes = [
            InventedAttribute("board_revision", values: [("A", 1), ("B", 2), ("C", 4), ("D", 1)]),
            InventedAttribute("carrier", prefix: "carrier", count: 4),
            InventedAttribute("site", prefix: "site", count: 200),
        ]
        guard let model = HardwareModel("gw-2"), let release = ReleaseID("acme-gateway 2.4.0")
        else { throw BenchProblem.failed("no device runs what is no release") }
        return SimulatedFleet(
            inventing: count, hardware: model, release: release,
            attributes: attributes.compactMap(\.self), using: &random)
    }

    private static func simulation(
        on fleet: SimulatedFleet, _ hashing: OpenSSLHashing
    ) throws -> RolloutSimulation {
        let spec = try BenchRollout.spec(
            devices: "all", percentages: [1, 5, 25, 100], concurrent: 5000)
        let order = FleetOrder.ofRollout(spec.name, by: hashing)
        return try RolloutSimulation(
            of: spec, on: fleet, images: BenchRollout.images(spec, hashing),
            start: BenchRollout.now, zones: SystemTimeZones(), approvalAfter: .zero,
            bucket: { order.bucket(of: $0) }, place: BenchRollout.context(hashing).place)
    }

    private static var behaviour: FleetBehaviour {
        var behaviour = FleetBehaviour()
        behaviour.failureRate = 0.005
        behaviour.offlineShare = 0.1
        return behaviour
    }
}
