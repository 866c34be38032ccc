internal import ArgumentParser
import Foundation
internal import Load
internal import Programs

/// Idle check-ins of a registered fleet, with a real server beside the load on the same processors.
struct CheckInBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-in",
        abstract: "Signed, verified, durable idle check-ins over connections that stay open.",
        discussion: """
            A slipway-server with the fleet in its database answers devices that are there, idle \
            and unchanged, each of which signs by a key of its own; beside it stand one finished \
            and one running rollout. All have checked in once since the server started, as they \
            have after a few minutes. First every connection asks anew as soon as it is answered \
            (per_second, server_cpu_us, client_cpu_us), then requests come at random moments, at \
            80 % of that, from 256 connections (p50_ms, p99_ms, and what ends in _at_80): a latency \
            counts from when the request was due. Messages are signed beforehand. Processor \
            time is that of all threads of the process, the server's stepping included.

            --beside parts: what a bare route, a verification and one asynchronous read take. \
            --beside goosebit: gooseBit's unsigned idle poll, with the Python that \
            SLIPWAY_BENCH_GOOSEBIT names.
            """)

    @Option(help: "How many devices are registered.") var devices = 10_000
    @Option(help: "How long each measurement takes.") var seconds = 5.0
    @Option(help: "How many connections ask one after the other.") var connections = 64
    @Option(help: "Any of parts,goosebit, separated by commas.") var beside: String?
    @Option(help: "A folder for the fleet; kept, and used again when it is there.")
    var folder: String?
    @Option(help: "The folder of slipway and slipway-server; by default where this program is.")
    var programs: String?
    @OptionGroup var options: BenchOptions

    private var peers: [String] {
        (beside ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    func validate() throws {
        guard devices >= 256, seconds >= 0.5, connections >= 1 else {
            throw ValidationError("at least 256 devices, half a second and one connection")
        }
        guard peers.allSatisfy({ ["parts", "goosebit"].contains($0) }) else {
            throw ValidationError("--beside takes parts and goosebit")
        }
    }

    func run() async throws {
        ThreadSignals.unblockAll()
        let place = try BenchFolder(folder)
        defer { place.close() }
        var figures = Figures("check-in")
        figures.set("devices", to: devices)
        figures.set("connections", to: connections)
        let fleet = CheckInFleet(deviceCount: devices)
        let server = try await ServerSite(in: place, programs: programs)
        let begin = ContinuousClock.now
        if try await fleet.register(in: server.database) {
            figures.set("registering_seconds", to: WallTime.seconds(.now - begin))
        }
        try measure(server, fleet, &figures)
        if peers.contains("parts") {
            figures.set(
                "parts", to: try await CheckInParts(fleet, server, seconds: seconds).figures())
        }
        if peers.contains("goosebit") {
            let other = try GooseBit(in: place)
            defer { other.close() }
            figures.set("goosebit", to: try other.figures(seconds: seconds))
        }
        figures.tell()
    }

    private func measure(
        _ server: ServerSite, _ fleet: CheckInFleet, _ figures: inout Figures
    ) throws {
        let process = try server.start()
        defer { process.end() }
        figures.set("ready_seconds", to: process.readySeconds)
        figures.set("server_rss_ready_mib", to: process.residentMiB)
        var messages = CheckInMessages(fleet)

        let warmUp = try process.load(
            over: connections, .closed, seconds: 600, try messages.next(fleet.activeCount))
        try process.refuse(failed: warmUp)
        let expected = Int(warmUp.outcome.perSecond * seconds * 1.5)
        let most = try process.load(
            over: connections, .closed, seconds: seconds, try messages.next(expected))
        try process.refuse(failed: most)
        figures.set("server_cpu_us", to: most.serverMicroseconds)
        figures.set("client_cpu_us", to: most.clientMicroseconds)
        figures.set("per_second", to: most.outcome.perSecond)
        figures.set("p99_ms_closed", to: most.outcome.milliseconds(percentile: 99))

        let rate = most.outcome.perSecond * 0.8
        let open = try process.load(
            over: 256, .randomly(perSecond: rate), seconds: seconds,
            try messages.next(Int(rate * seconds * 1.2)))
        try process.refuse(failed: open)
        figures.set("per_second_at_80", to: open.outcome.perSecond)
        figures.set("server_cpu_us_at_80", to: open.serverMicroseconds)
        figures.set("p50_ms", to: open.outcome.milliseconds(percentile: 50))
        figures.set("p99_ms", to: open.outcome.milliseconds(percentile: 99))
        figures.set("max_ms", to: open.outcome.milliseconds(percentile: 100))
        figures.set("server_rss_mib", to: process.residentMiB)
    }
}

extension LoadGenerator.Outcome {
    var perSecond: Double { Double(answered) / seconds }
}

extension LoadGenerator.Pace {
    /// At moments that know nothing of each other.
    static func randomly(perSecond: Double) -> LoadGenerator.Pace {
        var random = SplitMix64(seed: 1)
        return .open {
            Int64(-log(1 - Double.random(in: 0..<1, using: &random)) / perSecond * 1e9)
        }
    }
}
