import Foundation

/// A folder that slipway-server can be started in, with keys and a repository.
struct ServerSite {
    private let folder: URL
    private let server: String

    var database: URL { folder.appending(path: "data/slipway.sqlite") }
    var repository: URL { folder.appending(path: "acme/repository") }

    /// - Parameter programs: The folder of our other programs; by default that of this one.
    init(in place: BenchFolder, programs: String?) async throws {
        folder = place.url
        let beside =
            programs.map { URL(filePath: $0).absoluteURL }
            ?? URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        server = beside.appending(path: "slipway-server").path
        try FileManager.default.createDirectory(
            at: folder.appending(path: "data"), withIntermediateDirectories: true)
        let home = folder.appending(path: "acme").path
        guard !FileManager.default.fileExists(atPath: home) else { return }
        let slipway = beside.appending(path: "slipway").path
        _ = try Program.run(slipway, ["repo", "init", home, "--json"])
        for version in BenchRollouts.versions {
            let image = folder.appending(path: "gateway-\(version).img")
            try Data(BenchRollouts.content(of: version)).write(to: image)
            _ = try Program.run(
                slipway,
                [
                    "release", "publish", image.path, "--name", "acme-gateway", "--version",
                    version, "--hardware", "gw-2", "--repo", home, "--json",
                ])
        }
        // A server that starts reads what is published into its database.
        try start().end()
    }

    /// Starts the server and waits until it listens.
    func start() throws -> ServedProcess {
        let data = folder.appending(path: "data")
        let address = data.appending(path: "address")
        try? FileManager.default.removeItem(at: address)
        return try ServedProcess(
            [
                server, "--data", data.path, "--repository", repository.path, "--online-keys",
                folder.appending(path: "acme/keys/online").path, "--port", "0",
            ], log: folder.appending(path: "server.log")
        ) {
            let text = try? String(contentsOf: address, encoding: .utf8)
            return text?.split(separator: ":").last.flatMap {
                Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
    }
}
