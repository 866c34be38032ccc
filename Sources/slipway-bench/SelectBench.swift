internal import ArgumentParser
internal import OpenSSL
internal import Rollouts

/// What it costs to ask a selector for every device of a large fleet.
struct SelectBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "select",
        abstract: "Filter a fleet that lies in memory by a selector.")

    @Option(help: "How many devices the fleet has.") var devices = 1_000_000
    @Option(help: "What the devices follow from.") var seed: UInt64 = 1
    @Option(help: "The selector.") var selector = BenchRollout.selector
    @OptionGroup var options: BenchOptions

    func validate() throws {
        guard devices >= 1 else { throw ValidationError("at least one device") }
    }

    func run() throws {
        let hashing = OpenSSLHashing()
        let selector = try Selector(selector)
        let fleet = Array(try InventedGateways(count: devices, seed: seed, hashing: hashing))
        let context = BenchRollout.context(hashing)
        var picked = 0
        let seconds = WallTime.seconds {
            picked = fleet.count { selector.matches($0, in: context) }
        }
        var figures = Figures("select")
        figures.set("devices", to: devices)
        figures.set("picked", to: picked)
        figures.set("seconds", to: seconds)
        figures.set("peak_rss_mib", to: Program.ownPeakMiB)
        figures.tell()
    }
}
