internal import ArgumentParser
internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Rollouts

/// What a plan for a large fleet costs.
struct PlanBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Plan a rollout for a fleet that streams by.",
        discussion: """
            A stratified canary of 50, 5 % and 100 %, by the places that a server computes. \
            Devices are invented on the way; the time for that is told apart.
            """)

    @Option(help: "How many devices the fleet has.") var devices = 1_000_000
    @Option(help: "What the devices follow from.") var seed: UInt64 = 1
    @Option(help: "The selector.") var selector = BenchRollout.selector
    @OptionGroup var options: BenchOptions

    func validate() throws {
        guard devices >= 10_000 else { throw ValidationError("at least 10000 devices") }
    }

    func run() throws {
        let hashing = OpenSSLHashing()
        let fleet = try InventedGateways(count: devices, seed: seed, hashing: hashing)
        var attributes = 0
        let inventing = WallTime.seconds {
            for device in fleet { attributes += device.attributes.values.count }
        }
        guard attributes > 0 else { throw BenchProblem.failed("no device has attributes") }
        var candidates = 0
        let all = try WallTime.seconds {
            candidates = try plan(for: fleet, hashing).details.candidateCount
        }
        var figures = Figures("plan")
        figures.set("devices", to: devices)
        figures.set("candidates", to: candidates)
        figures.set("seconds", to: all - inventing)
        figures.set("inventing_seconds", to: inventing)
        figures.set("peak_rss_mib", to: Program.ownPeakMiB)
        figures.tell()
    }

    private func plan(
        for fleet: InventedGateways, _ hashing: OpenSSLHashing
    ) throws -> DetailedPlan {
        let spec = try BenchRollout.spec(
            devices: selector, percentages: [5, 100], concurrent: 500)
        let order = FleetOrder.ofRollout(spec.name, by: hashing)
        var planner = RolloutPlanner(
            spec, images: BenchRollout.images(spec, hashing),
            in: BenchRollout.context(hashing), bucket: { order.bucket(of: $0) })
        for device in fleet { planner.count(device) }
        return try planner.finish { _, _ in true }
    }
}
