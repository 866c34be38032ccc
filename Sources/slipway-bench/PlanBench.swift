internal import ArgumentParser
internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Rollouts
internal import Stores

/// What a plan for a large fleet costs.
struct PlanBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Plan a rollout for a fleet that streams by.",
        discussion: """
            A stratified canary of 50, 5 % and 100 %, by the places that a server computes. \
            Devices are invented on the way; the time for that is told apart. With --store they \
            are read from a database of the server, and the time includes that.
            """)

    @Option(help: "How many devices the fleet has.") var devices = 1_000_000
    @Option(help: "What the devices follow from.") var seed: UInt64 = 1
    @Option(help: "The selector.") var selector = BenchRollout.selector
    @Option(help: "A database to read the devices from; made when it is not there.")
    var store: String?
    @OptionGroup var options: BenchOptions

    func validate() throws {
        guard devices >= 10_000 else { throw ValidationError("at least 10000 devices") }
    }

    func run() async throws {
        let fleet = try InventedGateways(count: devices, seed: seed, hashing: OpenSSLHashing())
        var figures = Figures("plan")
        if let store {
            try await measure(StoredGateways(at: store, of: fleet), &figures)
        } else {
            try measure(fleet, &figures)
        }
        figures.set("peak_rss_mib", to: Program.ownPeakMiB)
        figures.tell()
    }

    private func measure(_ fleet: InventedGateways, _ figures: inout Figures) throws {
        var attributes = 0
        let inventing = WallTime.seconds {
            for device in fleet { attributes += device.attributes.values.count }
        }
        guard attributes > 0 else { throw BenchProblem.failed("no device has attributes") }
        var planner = try Self.planner(selector)
        var details: PlanDetails?
        let all = try WallTime.seconds {
            for device in fleet { planner.count(device) }
            details = try planner.finish { _, _ in true }.details
        }
        set(details, &figures)
        figures.set("seconds", to: all - inventing)
        figures.set("inventing_seconds", to: inventing)
    }

    private func measure(_ fleet: StoredGateways, _ figures: inout Figures) async throws {
        let clock = ContinuousClock()
        let begin = clock.now
        let details = try await fleet.store.read { [selector] store in
            var planner = try Self.planner(selector)
            try store.forEachDevice { planner.count($0) }
            return try planner.finish { _, _ in true }.details
        }
        let took = clock.now - begin
        set(details, &figures)
        figures.set("seconds", to: WallTime.seconds(took))
    }

    private func set(_ details: PlanDetails?, _ figures: inout Figures) {
        guard let details else { return }
        let excluded = details.excluded.reduce(0) { $0 + $1.deviceCount }
        figures.set("devices", to: details.candidateCount + excluded)
        figures.set("candidates", to: details.candidateCount)
    }

    private static func planner(_ selector: String) throws -> RolloutPlanner {
        let hashing = OpenSSLHashing()
        let spec = try BenchRollout.spec(
            devices: selector, percentages: [5, 100], concurrent: 500)
        let order = FleetOrder.ofRollout(spec.name, by: hashing)
        return RolloutPlanner(
            spec, images: BenchRollout.images(spec, hashing), in: BenchRollout.context(hashing),
            bucket: { order.bucket(of: $0) })
    }
}
