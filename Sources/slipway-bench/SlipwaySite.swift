import Foundation

/// Our agent, with a server, a repository that also the web server serves, and a rollout for all.
///
/// Every installation is that of another device, which enrols, is offered the image, installs it,
/// and ends when its machine is to boot into the trial.
final class SlipwaySite: Installer {
    let name = "slipway"
    private let stage: InstallStage
    private let agent: URL
    private let slipway: String
    private var server: Process?
    private var deviceCount = 0

    private var home: URL { stage.folder.appending(path: "slipway") }
    private var device: URL { home.appending(path: "device") }
    private var configuration: String { device.appending(path: "device.json").path }

    /// - Parameter programs: The folder of our other programs; by default that of this one.
    init(_ stage: InstallStage, agent: String, programs: String?) throws {
        self.stage = stage
        self.agent = URL(filePath: agent).absoluteURL
        let folder =
            programs.map { URL(filePath: $0).absoluteURL }
            ?? URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        slipway = folder.appending(path: "slipway").path
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        try stage.shell(Self.publication, environment: ["slipway": slipway])
        let server = try stage.process(
            [
                folder.appending(path: "slipway-server").path, "--data", "slipway/data",
                "--repository", "slipway/acme/repository", "--online-keys",
                "slipway/acme/keys/online", "--port", "0", "--shared-enrolment-token",
            ], log: "slipway-server")
        try server.run()
        self.server = server
        let data = home.appending(path: "data")
        try stage.wait(for: "server") {
            let address = try? Data(contentsOf: data.appending(path: "address"))
            return address.map { !$0.isEmpty } ?? false
        }
    }

    func close() { server?.end() }

    var agentByteCount: Int {
        get throws { try agent.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0 }
    }

    /// How often an enrolled agent without an offer wakes up in so many seconds.
    func wakeUps(seconds: Int) throws -> Int {
        _ = try prepare()
        let process = try start()
        defer { process.end() }
        try stage.wait(for: "enrolled device") {
            (try? stage.shell(
                #""$slipway" device list --json | grep -q '"device-1"'"#, environment: `operator`))
                != nil
        }
        // What follows the server's answer is done, and the agent waits for its next check-in.
        sleep(seconds > 0 ? 2 : 0)
        let before = ProcessTree.wakeUpCount(of: process.processIdentifier)
        sleep(UInt32(seconds))
        guard process.isRunning else { throw BenchProblem.failed("the idle agent has ended") }
        return ProcessTree.wakeUpCount(of: process.processIdentifier) - before
    }

    /// Offers the image to every device that checks in from now on.
    func startRollout() throws {
        try Data(
            """
            rollout: bench
            release: bench 2.0.0
            devices: all
            waves: [{ name: all, percent: 100 }]
            limits: { concurrent: 1000 }
            """.utf8
        ).write(to: home.appending(path: "rollout.yaml"))
        try stage.shell(
            #""$slipway" rollout start slipway/rollout.yaml --yes"#, environment: `operator`)
    }

    private var `operator`: [String: String] {
        let data = home.appending(path: "data")
        return [
            "slipway": slipway, "SLIPWAY_SERVER": address,
            "SLIPWAY_TOKEN_FILE": data.appending(path: "operator-token").path,
        ]
    }

    private var address: String {
        let file = home.appending(path: "data/address")
        return ((try? String(contentsOf: file, encoding: .utf8)) ?? "")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    // MARK: - A device

    func prepare() throws -> [Process] {
        deviceCount += 1
        try? FileManager.default.removeItem(at: device)
        try stage.shell(Self.machine)
        let description: [String: Any] = [
            "server": address, "mirrors": ["\(stage.address)/repository"],
            "device": "device-\(deviceCount)", "hardware": "gw-2",
            "enrolment_token_file": home.appending(path: "data/enrolment-token").path,
            "root": home.appending(path: "acme/repository/metadata/1.root.json").path,
            "state": device.appending(path: "state").path,
            "boot": device.appending(path: "boot").path,
            "slots": ["a": device.appending(path: "a.img").path, "b": stage.slot.path],
            "health_command": ["/bin/true"],
        ]
        try JSONSerialization.data(withJSONObject: description).write(
            to: URL(filePath: configuration))
        return []
    }

    func start() throws -> Process {
        let process = try stage.process(
            [agent.path, "run", "--config", configuration], log: name)
        try process.run()
        return process
    }

    var readBack: (log: URL, begins: String, ends: String)? {
        (stage.logFile(name), "phase verifying\n", "phase installed\n")
    }

    private static let publication = """
        "$slipway" repo init slipway/acme
        "$slipway" release publish image.img --name bench --version 2.0.0 --hardware gw-2 \
            --keys slipway/acme/keys --repo slipway/acme
        ln -s ../slipway/acme/repository site/repository
        """

    /// A machine with a simulated bootloader that has booted slot a, of which nothing is known.
    private static let machine = """
        mkdir -p slipway/device/boot slipway/device/state
        rm -f slot.img.content
        echo nothing >slipway/device/a.img
        echo confirmed=a >slipway/device/boot/environment
        printf 'slot=a\\nboot_id=%s\\n' "$(cat /proc/sys/kernel/random/uuid)" \
            >slipway/device/boot/booted
        """
}
