internal import ArgumentParser
import Foundation
internal import Load
internal import OpenSSL
internal import Programs

/// Serving images, beside nginx on the same file.
struct ServeImagesBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve-images",
        abstract: "Serve one image to many clients, beside nginx, and to slow ones.",
        discussion: """
            The clients of this program and each server share the processors and the file, which \
            is in memory after its first reading. The servers take turns; figures are the medians. \
            Slow clients all begin at once and read 64 KiB a second each; peak_rss_mib_slow is the \
            most that the server ever held.
            """)

    @Option(help: "The image's size.") var mebibytes = 64
    @Option(help: "How many clients there are at once.") var clients = 16
    @Option(help: "How often each server takes its turn.") var runs = 3
    @Option(help: "How long a turn takes at least.") var seconds = 3.0
    @Option(help: "How many slow clients there are at once; 0 for none.") var slowClients = 1000
    @Option(help: "How long they are watched.") var slowSeconds = 8.0
    @Option(help: "nginx.") var beside: String?
    @Option(help: "The folder of slipway and slipway-server; by default where this program is.")
    var programs: String?
    @OptionGroup var options: BenchOptions

    func validate() throws {
        guard mebibytes >= 1, clients >= 1, runs >= 1, seconds > 0, slowClients >= 0,
            beside == nil || beside == "nginx"
        else { throw ValidationError("at least one MiB, client and run; --beside takes nginx") }
    }

    func run() async throws {
        ThreadSignals.unblockAll()
        OpenFiles.raiseLimit()
        let place = try BenchFolder(nil)
        defer { place.close() }
        let site = try await ServerSite(in: place, programs: programs)
        let path = try makeImage(site.repository.appending(path: "targets"))
        let request = PlainRequest.get("/repository/targets/\(path)")
        var figures = Figures("serve-images")
        figures.set("image_mib", to: mebibytes)
        figures.set("clients", to: clients)

        let own = try site.start()
        defer { own.end() }
        let other = try beside.map { _ in try Nginx(in: place, serving: site.repository) }
        defer { other?.process.end() }
        var costs: [[ServedProcess.Cost]] = [[], []]
        for _ in 0..<runs {
            for (index, process) in [own, other?.process].enumerated() {
                guard let process else { continue }
                let cost = try process.load(over: clients, .closed, seconds: seconds) { request }
                try process.refuse(failed: cost)
                costs[index].append(cost)
            }
        }
        figures.set(costs[0], mebibytes)
        if other != nil {
            var its = Figures()
            its.set(costs[1], mebibytes)
            figures.set("nginx", to: its)
            figures.set("part_of_nginx", to: Self.rate(costs[0]) / Self.rate(costs[1]))
        }
        if slowClients > 0 { try serveSlowly(site, request, &figures) }
        figures.tell()
    }

    private func serveSlowly(
        _ site: ServerSite, _ request: [UInt8], _ figures: inout Figures
    ) throws {
        let server = try site.start()
        defer { server.end() }
        let before = server.processorSeconds
        let downloads = try SlowDownloads(
            port: server.port, clients: slowClients, bytesPerSecond: 65_536, request: request)
        let (bytes, starved) = try downloads.run(seconds: slowSeconds)
        guard starved == 0 else { throw BenchProblem.failed("\(starved) slow clients got nothing") }
        figures.set("slow_clients", to: slowClients)
        figures.set(
            "slow_kib_per_second_each",
            to: Double(bytes) / 1024 / slowSeconds / Double(slowClients))
        figures.set("peak_rss_mib_slow", to: server.peakResidentMiB)
        figures.set(
            "server_cpu_percent_slow",
            to: (server.processorSeconds - before) / slowSeconds * 100)
    }

    static func rate(_ costs: [ServedProcess.Cost]) -> Double {
        let rates = costs.map { Double($0.outcome.bytes) / 1e6 / $0.outcome.seconds }.sorted()
        return rates[rates.count / 2]
    }

    /// Returns the image's path below `targets`.
    private func makeImage(_ folder: URL) throws -> String {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = "\(String(repeating: "0a", count: 32)).image.img"
        let file = folder.appending(path: path)
        try Data().write(to: file)
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        for _ in 0..<mebibytes {
            try handle.write(contentsOf: Data(SecureRandom.bytes(1_048_576)))
        }
        try handle.synchronize()
        return path
    }
}

extension Figures {
    fileprivate mutating func set(_ costs: [ServedProcess.Cost], _ mebibytes: Int) {
        let server = costs.map(\.serverSeconds).reduce(0, +)
        let client = costs.map(\.clientSeconds).reduce(0, +)
        let gigabytes = costs.map { Double($0.outcome.bytes) / 1e9 }.reduce(0, +)
        set("mb_per_second", to: ServeImagesBench.rate(costs))
        set("server_cpu_s_per_gb", to: server / gigabytes)
        set("client_cpu_s_per_gb", to: client / gigabytes)
    }
}

/// nginx as its manual has it for files: sendfile, one worker for each processor.
struct Nginx {
    let process: ServedProcess

    init(in place: BenchFolder, serving root: URL) throws {
        let folder = place.url.appending(path: "nginx")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "site"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: folder.appending(path: "site/repository"), withDestinationURL: root)
        let port = FreePort.any()
        try Data(Self.configuration(port: port).utf8).write(
            to: folder.appending(path: "nginx.conf"))
        process = try ServedProcess(
            ["nginx", "-p", folder.path, "-c", "nginx.conf", "-e", "nginx.log"], in: folder,
            log: folder.appending(path: "log"), environment: ["PATH": "/usr/sbin:/usr/bin:/bin"]
        ) { FreePort.isServed(port) ? port : nil }
    }

    private static func configuration(port: Int) -> String {
        let scratch = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "    \($0)_temp_path scratch;\n" }.joined()
        return """
            user root;
            daemon off;
            worker_processes auto;
            pid nginx.pid;
            events { worker_connections 4096; }
            http {
                access_log off;
                sendfile on;
                tcp_nopush on;
                keepalive_requests 1000000;
            \(scratch)    server { listen 127.0.0.1:\(port); root site; }
            }
            """
    }
}
