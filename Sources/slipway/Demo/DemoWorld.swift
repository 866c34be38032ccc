import Foundation
internal import JSON
internal import Model
internal import Wire

/// The demonstration's folder, programs and processes, and the questions it asks of them.
final class DemoWorld {
    let folder: DemoFolder
    let tools: DemoTools
    let samples: DemoSamples
    private(set) var machines: [DemoMachine] = []
    private var server: Process?
    private var machineProcesses: [Process] = []
    private var port = 0

    init(samples: URL) throws {
        tools = try DemoTools()
        self.samples = try DemoSamples(folder: samples)
        folder = try DemoFolder()
    }

    // MARK: The operator

    /// Runs `slipway` as an operator would.
    ///
    /// - Throws: ``DemoError/failed(command:words:)`` when it does not exit with 0.
    @discardableResult
    func slipway(_ arguments: String...) throws -> String {
        let end = try tools.run(tools.slipway, arguments, environment: operatorEnvironment)
        guard end.code == 0 else {
            throw DemoError.failed(
                command: "slipway \(arguments.joined(separator: " "))",
                words: "\(end.errors)\(end.output)")
        }
        return end.output
    }

    /// Watches a rollout to its end, live on the terminal; returns the exit code.
    func watch(_ rollout: String) throws -> Int32 {
        let process = Process()
        process.executableURL = tools.slipway
        process.arguments = ["rollout", "watch", rollout]
        process.environment = ProcessInfo.processInfo.environment.merging(operatorEnvironment) {
            $1
        }
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private var operatorEnvironment: [String: String] {
        [
            "SLIPWAY_SERVER": serverURL, "SLIPWAY_TOKEN_FILE": folder.operatorToken.path,
            "SLIPWAY_TOKEN": "",
        ]
    }

    var serverURL: String { "http://127.0.0.1:\(port)" }

    func devices() throws -> [DeviceSummary] {
        let list: ListAnswer<DeviceSummary> = try answer("device", "list", "--json")
        return list.items
    }

    func device(_ id: String) throws -> DeviceSummary {
        try answer("device", "show", id, "--json")
    }

    func rollout(_ name: String) throws -> RolloutSummary {
        try answer("rollout", "show", name, "--json")
    }

    func releases() throws -> [ReleaseSummary] {
        let list: ListAnswer<ReleaseSummary> = try answer("release", "list", "--json")
        return list.items
    }

    private func answer<Answer: WireMessage>(_ arguments: String...) throws -> Answer {
        let end = try tools.run(tools.slipway, arguments, environment: operatorEnvironment)
        guard end.code == 0 else {
            throw DemoError.failed(
                command: "slipway \(arguments.joined(separator: " "))", words: end.errors)
        }
        return try Answer(parsing: Array(end.output.utf8), limitBytes: 16_777_216)
    }

    /// Waits until `condition` is seen to hold.
    ///
    /// - Throws: ``DemoError/notObserved(_:within:)``.
    func observe(
        _ what: String, within limit: Duration = .seconds(60), _ condition: () throws -> Bool
    ) throws {
        let clock = ContinuousClock()
        let end = clock.now + limit
        while try !condition() {
            guard clock.now < end else { throw DemoError.notObserved(what, within: limit) }
            Thread.sleep(forTimeInterval: 0.1)
        }
    }

    // MARK: The server

    /// Starts the server; the first time on any free port, afterwards on the same one.
    func startServer() throws {
        try? FileManager.default.removeItem(at: folder.address)
        let process = try tools.start(
            tools.server,
            [
                "--data", folder.serverData.path, "--repository", folder.repository.path,
                "--online-keys", folder.keys.appending(path: "online").path, "--port", "\(port)",
                "--check-in-seconds", "1", "--step-milliseconds", "200",
            ],
            log: folder.root.appending(path: "server.log"))
        server = process
        try rememberProcesses()
        try observe("the server listens", within: .seconds(20)) {
            guard process.isRunning else {
                let log = folder.root.appending(path: "server.log")
                throw DemoError.failed(
                    command: "slipway-server",
                    words: (try? String(contentsOf: log, encoding: .utf8)) ?? "")
            }
            guard let text = try? String(contentsOf: folder.address, encoding: .utf8),
                let url = URL(string: text.trimmingCharacters(in: .whitespacesAndNewlines)),
                let port = url.port
            else { return false }
            self.port = port
            return true
        }
    }

    /// Ends the server as a power cut would.
    func killServer() {
        guard let server else { return }
        kill(server.processIdentifier, SIGKILL)
        server.waitUntilExit()
        self.server = nil
    }

    // MARK: The machines

    func buildMachines(count: Int) throws {
        let sites = ["berlin", "lyon", "turin"]
        for index in 1...count {
            let number = index < 10 ? "0\(index)" : "\(index)"
            machines.append(
                try DemoMachine.build(
                    id: "gw-\(number)", in: folder, server: serverURL,
                    site: sites[index % sites.count], factoryImage: samples.factory.image,
                    factoryRelease: samples.factory.release))
        }
    }

    func startMachines() throws {
        for machine in machines {
            machineProcesses.append(
                try tools.start(
                    URL(filePath: "/bin/sh"),
                    [folder.machineScript.path, machine.folder.path, tools.agent.path],
                    log: machine.folder.appending(path: "console")))
        }
        try rememberProcesses()
    }

    // MARK: The end

    /// Every process that runs, in a file, so that a kept demonstration can be ended by number.
    private func rememberProcesses() throws {
        let running = (machineProcesses + [server].compactMap { $0 }).map(\.processIdentifier)
        try running.map { "\($0)\n" }.joined().write(
            to: folder.pids, atomically: true, encoding: .utf8)
    }

    /// Ends everything that was started and removes the folder.
    ///
    /// - Returns: Whether nothing is left.
    func cleanUp() -> Bool {
        for process in machineProcesses { process.terminate() }
        for process in machineProcesses { process.waitUntilExit() }
        if let server {
            server.terminate()
            server.waitUntilExit()
        }
        let agents = machines.compactMap(\.agentPid)
        // An agent ends with its machine; one that did not would work in a folder that is gone.
        let ended =
            (try? observe("the agents end", within: .seconds(5)) {
                agents.allSatisfy { kill($0, 0) != 0 }
            }) != nil
        try? folder.remove()
        return ended && !FileManager.default.fileExists(atPath: folder.root.path)
    }
}
