import Foundation
import TestSupport
import Testing

/// One file that carries an update to a device that no network reaches.
@Suite(.timeLimit(.minutes(5))) struct BundleCommandTests {
    private let slipway: Slipway
    private let image: String

    init() throws {
        slipway = try Slipway()
        try slipway.succeed("repo", "init", "acme")
        image = try slipway.file("firmware.img", String(repeating: "firmware 2\n", count: 50_000))
        try #require(try slipway.publish(image).code == 0)
    }

    private func bundle(_ version: String = "2.0.0", from repo: String) throws -> Slipway.End {
        try slipway.run([
            "bundle", "acme", version, "--hardware", "gw-2", "--repo", repo, "--out", "a.slip",
        ])
    }

    private func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: slipway.folder.appending(path: name))
    }

    @Test func aFolderAndItsWebServerGiveTheSameBundle() throws {
        let fromFolder = try bundle(from: "acme")
        #expect(fromFolder.code == 0, "\(fromFolder.errors)")
        #expect(fromFolder.output.contains("release   acme 2.0.0"))
        #expect(fromFolder.output.contains("1.root.json, timestamp.json"))
        let first = try bytes("a.slip")
        #expect(first.starts(with: Data("slipway-bundle 1\n".utf8)))
        #expect(first.suffix(550_000) == Data(try bytes("firmware.img")))
        let server = try FolderServer(slipway.folder.appending(path: "acme/repository"))
        // An older bundle of that name gives way.
        _ = try slipway.file("a.slip", "an older one")
        let fromServer = try bundle(from: server.url)
        #expect(fromServer.code == 0, "\(fromServer.errors)")
        #expect(try bytes("a.slip") == first)
    }

    @Test func saysWhatItCannotDo() throws {
        for (version, repo, code, word) in [
            ("3.0.0", "acme", Int32(65), "no image of acme 3.0.0"),
            ("two", "acme", 65, "not a release's name and version"),
            ("2.0.0", "nowhere", 66, "nowhere"), ("2.0.0", "http://127.0.0.1:1", 69, "127.0.0.1"),
        ] {
            let end = try bundle(version, from: repo)
            #expect(end.code == code, "\(version) \(repo): \(end.errors)")
            #expect(end.errors.contains(word), "\(end.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: slipway.folder.path + "/a.slip"))
    }

    /// A repository whose image was tampered with makes no bundle.
    @Test func takesOnlyWhatWasSigned() throws {
        let targets = slipway.folder.appending(path: "acme/repository/targets")
        let walk = try #require(
            FileManager.default.enumerator(at: targets, includingPropertiesForKeys: nil))
        let file = try #require(
            walk.compactMap { $0 as? URL }.first { $0.pathExtension == "img" })
        var bytes = try Data(contentsOf: file)
        bytes[100] ^= 1
        try bytes.write(to: file)
        let end = try bundle(from: "acme")
        #expect(end.code == 65)
        #expect(end.errors.contains("not those that were signed"))
        #expect(!FileManager.default.fileExists(atPath: slipway.folder.path + "/a.slip"))
        #expect(!FileManager.default.fileExists(atPath: slipway.folder.path + "/a.slip.part"))
    }

    // MARK: On the device

    /// A device with no server, whose machine is this test.
    private final class Device {
        let folder: URL
        private let program = Slipway.products.appending(path: "slipway-agent")
        private var agent: ChildProcess?

        init(_ slipway: Slipway) throws {
            folder = slipway.folder.appending(path: "device")
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true)
            let configuration: [String: Any] = [
                "server": "http://127.0.0.1:1", "device": "one", "hardware": "gw-2",
                "enrolment_token_file": "\(folder.path)/token", "state": "\(folder.path)/state",
                "root": "\(slipway.folder.path)/acme/repository/metadata/1.root.json",
                "boot": folder.path, "maximum_pause_seconds": 1,
                "slots": ["a": "\(folder.path)/a.img", "b": "\(folder.path)/b.img"],
            ]
            try JSONSerialization.data(withJSONObject: configuration)
                .write(to: folder.appending(path: "device.json"))
            try write("confirmed=a\n", to: "environment")
            try boot("a", 1)
        }

        deinit { end() }

        func write(_ text: String, to name: String) throws {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }

        func boot(_ slot: String, _ number: Int) throws {
            try write("slot=\(slot)\nboot_id=boot-\(number)\n", to: "booted")
        }

        func start() throws {
            let agent = ChildProcess()
            agent.executableURL = program
            agent.arguments = ["run", "--config", folder.appending(path: "device.json").path]
            agent.standardError = FileHandle.nullDevice
            try agent.run()
            self.agent = agent
        }

        func end() {
            agent?.terminate()
            agent?.waitUntilExit()
        }

        /// Until it ends by itself, because the machine is to restart.
        func waitUntilItEnds() { agent?.waitUntilExit() }

        func ask(_ slipway: Slipway, _ words: String...) throws -> Slipway.End {
            try slipway.run(
                program, words + ["--config", folder.appending(path: "device.json").path])
        }

        func status(_ slipway: Slipway) throws -> [String: Any] {
            let output = try ask(slipway, "status", "--json").output
            let json = try JSONSerialization.jsonObject(with: Data(output.utf8))
            return try #require(json as? [String: Any])
        }

        /// Looks until the running agent's status is as wanted.
        func wait(_ slipway: Slipway, until isDone: ([String: Any]) -> Bool) throws {
            while case let status = try status(slipway), !isDone(status) {}
        }
    }

    @Test func aDeviceWithoutANetworkInstallsIt() throws {
        #expect(try bundle(from: "acme").code == 0)
        let device = try Device(slipway)
        try device.start()
        try device.wait(slipway) { $0["running"] as? Bool == true }
        let end = try device.ask(slipway, "install", "a.slip")
        #expect(end.code == 0, "\(end.errors)")
        device.waitUntilItEnds()
        let armed = String(decoding: try bytes("device/environment"), as: UTF8.self)
        #expect(armed == "confirmed=a\ntrial=b\ntries=1\n")
        #expect(try bytes("device/b.img") == bytes("firmware.img"))
        try device.write("confirmed=a\ntrial=b\ntries=0\n", to: "environment")
        try device.boot("b", 2)
        try device.start()
        try device.wait(slipway) { $0["phase"] as? String == "proven" }
        let status = try device.status(slipway)
        #expect(status["confirmed"] as? Bool == true)
        #expect(status["release"] as? String == "acme 2.0.0")
        // The same again is no update any more, but no harm either; an older one is refused.
        let back = try device.ask(slipway, "rollback")
        #expect(back.code == 1)
        #expect(back.errors.contains("is confirmed"))
    }

    @Test func aBundleOfAForeignRepositoryIsRefused() throws {
        let other = try Slipway()
        try other.succeed("repo", "init", "acme")
        let image = try other.file("evil.img", "evil")
        #expect(try other.publish(image, version: "6.6.6").code == 0)
        let made = try other.run([
            "bundle", "acme", "6.6.6", "--hardware", "gw-2", "--repo", "acme", "--out", "a.slip",
        ])
        #expect(made.code == 0)
        let device = try Device(slipway)
        try device.start()
        try device.wait(slipway) { $0["running"] as? Bool == true }
        let bundle = other.folder.appending(path: "a.slip").path
        #expect(try device.ask(slipway, "install", bundle).code == 0)
        try device.wait(slipway) { $0["phase"] as? String == "failed" }
        let failure = try device.status(slipway)["failure"] as? String
        #expect(failure?.contains("refused") == true)
        #expect(!FileManager.default.fileExists(atPath: device.folder.path + "/b.img"))
        device.end()
    }
}
