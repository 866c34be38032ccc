import Foundation
import Model
import TestSupport
import Wire

/// A real `slipway-server` on this machine's loopback, with a repository and an operator.
final class UpdateServer {
    static let product = "acme-gateway"
    static let device = "gw-01"

    let folder: URL
    private var process: ChildProcess?
    private var port = "0"

    /// Makes a repository in `folder` with every image of `images` published in it, and starts.
    init(in folder: URL, images: SlotImages) throws {
        self.folder = folder
        try slipway("repo", "init", repositoryHome.path)
        for version in SlotImages.Version.allCases {
            try publish(images.file(version), as: version.rawValue)
        }
        try start()
    }

    deinit { stop() }

    private var repositoryHome: URL { folder.appending(path: "acme") }
    private var data: URL { folder.appending(path: "data") }
    var shippedRoot: URL { repositoryHome.appending(path: "repository/metadata/1.root.json") }
    var enrolmentToken: URL { data.appending(path: "enrolment-token") }
    /// As the emulated machine sees it: the emulator's gateway is this machine's loopback.
    var addressForGuests: String { "http://10.0.2.2:\(port)" }

    // MARK: The process

    /// Starts; the first time on any free port, afterwards on the same one.
    func start() throws {
        let process = ChildProcess()
        let output = Pipe()
        process.executableURL = Tools.products.appending(path: "slipway-server")
        process.arguments = [
            "--data", data.path, "--repository", repositoryHome.appending(path: "repository").path,
            "--online-keys", repositoryHome.appending(path: "keys/online").path, "--port", port,
            "--check-in-seconds", "1", "--step-milliseconds", "200",
            "--shared-enrolment-token",
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        self.process = process
        _ = try Lines(of: output.fileHandleForReading).wait(
            for: "that the server listens", within: .seconds(60)
        ) { $0.contains("listens on ") }
        let address = try String(contentsOf: data.appending(path: "address"), encoding: .utf8)
        guard let port = address.firstMatch(of: /:(\d+)/) else {
            throw MachineError("not an address: \(address)")
        }
        self.port = String(port.1)
    }

    func stop() {
        guard let process, process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
        self.process = nil
    }

    /// Keeps the server's books as they are now in `file`.
    func keepBooks(in file: URL) throws { try sql(".backup '\(file.path)'") }

    /// Starts again with the books that ``keepBooks(in:)`` put into `file`.
    func goBack(to file: URL) throws {
        stop()
        let books = data.appending(path: "slipway.sqlite")
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: books.path + suffix)
        }
        try FileManager.default.copyItem(at: file, to: books)
        try start()
    }

    /// Runs a statement on the server's database behind its back.
    func sql(_ statement: String) throws {
        try Tools.run(
            URL(filePath: "/usr/bin/sqlite3"),
            [data.appending(path: "slipway.sqlite").path, statement])
    }

    // MARK: The operator

    @discardableResult
    func slipway(_ arguments: String...) throws -> String {
        try Tools.run(
            Tools.products.appending(path: "slipway"), arguments, environment: environment)
    }

    private var environment: [String: String] {
        [
            "SLIPWAY_SERVER": "http://127.0.0.1:\(port)",
            "SLIPWAY_TOKEN_FILE": data.appending(path: "operator-token").path,
            "SLIPWAY_TOKEN": "",
        ]
    }

    /// Signs an image; the repository takes it from the server once that runs.
    func publish(_ image: URL, as version: String) throws {
        let place =
            process == nil
            ? ["--repo", repositoryHome.path] : ["--server", "http://127.0.0.1:\(port)"]
        try Tools.run(
            Tools.products.appending(path: "slipway"),
            [
                "release", "publish", image.path, "--name", Self.product, "--version", version,
                "--hardware", "gw-2", "--keys", repositoryHome.appending(path: "keys").path,
            ] + place, environment: environment)
    }

    /// Where the repository keeps the image of `version`.
    func publishedFile(of version: String) throws -> URL {
        let folder = repositoryHome.appending(
            path: "repository/targets/\(Self.product)/\(version)")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        guard names.count == 1 else { throw MachineError("\(folder.path) holds \(names)") }
        return folder.appending(path: names[0])
    }

    /// Starts a rollout of `version` to all devices, with a gate that nothing stops.
    func rollOut(_ version: String) throws {
        let name = Self.rollout(of: version)
        let file = folder.appending(path: "\(name).yaml")
        try Data(
            """
            rollout: \(name)
            release: \(Self.product) \(version)
            devices: all
            waves:
              - { name: everybody, percent: 100 }
            gate: { max_failure_rate: 99.9%, confidence: 99.9%, overdue_after: 2h }

            """.utf8
        ).write(to: file)
        try slipway("rollout", "start", file.path, "--yes")
    }

    static func rollout(of version: String) -> String {
        "to-\(version.replacing(".", with: "-"))"
    }

    /// Ends a rollout, so that the next one has the device to itself.
    func abort(_ version: String) throws {
        try slipway("rollout", "abort", Self.rollout(of: version))
    }

    /// Follows the rollout of `version` until its only wave `isAsWanted`.
    func wait(
        for what: String, of version: String, within limit: Duration = .seconds(240),
        where isAsWanted: (RolloutSummary.Wave) -> Bool
    ) throws {
        let watch = ChildProcess()
        let output = Pipe()
        watch.executableURL = Tools.products.appending(path: "slipway")
        watch.arguments = ["rollout", "watch", Self.rollout(of: version), "--json"]
        watch.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        watch.standardInput = FileHandle.nullDevice
        watch.standardOutput = output
        watch.standardError = output
        try watch.run()
        defer {
            // What a test starts has most signals blocked.
            kill(watch.processIdentifier, SIGKILL)
            watch.waitUntilExit()
        }
        _ = try Lines(of: output.fileHandleForReading).wait(
            for: "\(version): \(what)", within: limit
        ) { line in
            let rollout = try RolloutSummary(parsing: Array(line.utf8), limitBytes: 1_048_576)
            return rollout.waves.contains(where: isAsWanted)
        }
    }

    /// Waits until the device has enrolled; the question itself is all the time between two tries.
    func waitForDevice(within limit: Duration = .seconds(120)) throws {
        let deadline = ContinuousClock().now + limit
        while try !slipway("device", "list").contains(Self.device) {
            guard ContinuousClock().now < deadline else {
                throw MachineError("\(Self.device) did not enrol within \(limit)")
            }
        }
    }

    /// What the server knows of the only device.
    func deviceSummary() throws -> DeviceSummary {
        try DeviceSummary(
            parsing: Array(slipway("device", "show", Self.device, "--json").utf8),
            limitBytes: 1_048_576)
    }
}
