import Foundation

/// Where everything of one demonstration lies.
struct DemoFolder {
    let root: URL

    var repositoryHome: URL { root.appending(path: "acme") }
    var keys: URL { repositoryHome.appending(path: "keys") }
    var repository: URL { repositoryHome.appending(path: "repository") }
    var shippedRoot: URL { repository.appending(path: "metadata/1.root.json") }
    var serverData: URL { root.appending(path: "server") }
    var database: URL { serverData.appending(path: "slipway.sqlite") }
    var operatorToken: URL { serverData.appending(path: "operator-token") }
    var enrolmentToken: URL { root.appending(path: "enrolment-token") }
    var address: URL { serverData.appending(path: "address") }
    var devices: URL { root.appending(path: "devices") }
    var rollouts: URL { root.appending(path: "rollouts") }
    var machineScript: URL { root.appending(path: "machine.sh") }
    var healthScript: URL { root.appending(path: "health.sh") }
    /// Names every process that was started, so that all can be ended by number.
    var pids: URL { root.appending(path: "pids") }

    /// Makes a new folder for temporary files with the scripts in it.
    init() throws {
        root = FileManager.default.temporaryDirectory
            .appending(path: "slipway-demo-\(UUID().uuidString.prefix(8).lowercased())")
        for folder in [root, serverData, devices, rollouts] {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        try DemoScripts.machine.write(to: machineScript, atomically: true, encoding: .utf8)
        try DemoScripts.health.write(to: healthScript, atomically: true, encoding: .utf8)
    }

    func remove() throws { try FileManager.default.removeItem(at: root) }
}
