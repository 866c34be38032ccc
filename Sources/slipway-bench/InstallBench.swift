internal import ArgumentParser
import Foundation
internal import Programs

/// Installing one image over HTTP into a slot in memory, beside other people's programs.
struct InstallBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Install an image from a web server, beside SWUpdate, RAUC and Mender.",
        discussion: """
            One signed image of random bytes, one nginx on loopback and one slot, a file in memory, \
            for all; the programs take turns, and after each the slot is compared with the image. \
            Processor time is that of a program and all that it starts, from its start to its end, \
            with what a service beside it takes. Resident and private (anonymous) memory is what \
            all these hold at one moment. Ours runs with a real slipway-server, from its enrolment \
            to the moment when the machine is to restart; only ours reads the slot back, and what \
            that takes is the processor time between its phases "verifying" and "installed". \
            Each figure is the median of the runs, with the least and the most.

            RAUC mounts its bundles, and Mender finds its modules in a private mount: both as root.
            """)

    @Option(help: "The image's size.") var mebibytes = 256
    @Option(help: "How often each program installs it.") var runs = 5
    @Option(help: "Any of swupdate,rauc,mender, separated by commas.") var beside: String?
    @Option(help: "A larger image, which ours installs once for its memory; 0 for none.")
    var largeMebibytes = 1024
    @Option(help: "How long an agent without work is watched for wake-ups; 0 for not at all.")
    var idleSeconds = 60
    @Option(help: "The agent as it goes on a device.") var agent = ".build/slipway-agent"
    @Option(help: "The folder of slipway and slipway-server; by default where this program is.")
    var programs: String?
    @Option(help: "A folder in memory, with room for eight images and two large ones.")
    var folder = "/dev/shm"
    @OptionGroup var options: BenchOptions

    private static let peers: [String: @Sendable (InstallStage) throws -> any Installer] = [
        "swupdate": { try SWUpdateInstaller($0) }, "rauc": { try RAUCInstaller($0) },
        "mender": { try MenderInstaller($0) },
    ]

    private var peerNames: [String] {
        (beside ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    func validate() throws {
        guard mebibytes >= 1, runs >= 1, largeMebibytes >= 0, idleSeconds >= 0 else {
            throw ValidationError("at least one MiB and one run, and nothing negative")
        }
        guard peerNames.allSatisfy({ Self.peers[$0] != nil }) else {
            throw ValidationError("--beside takes swupdate, rauc and mender")
        }
    }

    func run() throws {
        // What is started here is ended by signals.
        ThreadSignals.unblockAll()
        var figures = Figures("install")
        figures.set("image_mib", to: mebibytes)
        figures.set("runs", to: runs)
        try besidePeers(&figures)
        if largeMebibytes > 0 { try installLarge(&figures) }
        figures.tell()
    }

    private func besidePeers(_ figures: inout Figures) throws {
        let stage = try InstallStage(in: folder, mebibytes: mebibytes)
        defer { stage.close() }
        let site = try SlipwaySite(stage, agent: agent, programs: programs)
        defer { site.close() }
        figures.set("agent_bytes", to: try site.agentByteCount)
        // A rollout is for devices that are there: this one stays without an offer until then.
        let wakeUps = try site.wakeUps(seconds: idleSeconds)
        if idleSeconds > 0 {
            figures.set("idle_seconds", to: idleSeconds)
            figures.set("idle_wake_ups", to: wakeUps)
        }
        try site.startRollout()

        let peers = try peerNames.compactMap { try Self.peers[$0]?(stage) }
        defer { peers.forEach { $0.close() } }
        var costs = [[InstallCost]](repeating: [], count: peers.count + 1)
        for _ in 0..<runs {
            for (index, installer) in ([site] + peers).enumerated() {
                costs[index].append(try stage.cost(of: installer))
            }
        }
        let own = costs[0]
        figures.set(own)
        figures.set("cpu_without_read_back", "s", to: own.map(\.processorSecondsWithoutReadBack))
        for (peer, costs) in zip(peers, costs.dropFirst()) {
            var its = Figures()
            its.set(costs)
            figures.set(peer.name, to: its)
        }
        guard let best = costs.dropFirst().map({ Spread($0.map(\.processorSeconds)).median }).min()
        else { return }
        let ours = Spread(own.map(\.processorSecondsWithoutReadBack)).median
        figures.set("part_of_best_peers_cpu", to: ours / best)
    }

    private func installLarge(_ figures: inout Figures) throws {
        let stage = try InstallStage(in: folder, mebibytes: largeMebibytes)
        defer { stage.close() }
        let site = try SlipwaySite(stage, agent: agent, programs: programs)
        defer { site.close() }
        _ = try site.wakeUps(seconds: 0)
        try site.startRollout()
        let cost = try stage.cost(of: site)
        figures.set("large_image_mib", to: largeMebibytes)
        figures.set("large_cpu_s", to: cost.processorSeconds)
        figures.set("large_peak_rss_mib", to: cost.peakMiB)
        figures.set("large_peak_private_mib", to: cost.peakPrivateMiB)
    }
}

extension Figures {
    fileprivate mutating func set(_ costs: [InstallCost]) {
        set("cpu", "s", to: costs.map(\.processorSeconds))
        set("", "seconds", to: costs.map(\.seconds))
        set("peak_rss", "mib", to: costs.map(\.peakMiB))
        set("peak_private", "mib", to: costs.map(\.peakPrivateMiB))
    }

    /// The median under the name with its unit, and the least and the most beside it.
    fileprivate mutating func set(_ name: String, _ unit: String, to values: [Double]) {
        let spread = Spread(values)
        for (part, value) in [("", spread.median), ("min", spread.least), ("max", spread.most)] {
            set([name, part, unit].filter { !$0.isEmpty }.joined(separator: "_"), to: value)
        }
    }
}

/// What is told of the same measurement made several times.
private struct Spread {
    let median: Double
    let least: Double
    let most: Double

    init(_ values: [Double]) {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else {
            preconditionFailure("something was measured")
        }
        least = first
        most = last
        median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
