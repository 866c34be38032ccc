import Curl
import Foundation
import Model
import OpenSSL
import Testing

/// Gates of a real server that ask somebody outside.
@Suite struct OutsideCheckTests {
    private static func file(_ check: String) -> String {
        """
        rollout: r
        release: acme 1.0
        devices: all
        waves: [{ name: all, percent: 100, soak: 1h }]
        gate: { checks: [{ \(check) }] }

        """
    }

    /// A server that lets gates run what is in a folder, with one device and one release.
    private static func server(_ more: (URL) -> [String]) throws -> ServerProcess {
        let folder = try ServerProcess.preparedFolder()
        let server = try ServerProcess(folder: folder, more(folder))
        let image = folder.appending(path: "x.img")
        try Data("image".utf8).write(to: image)
        let published = try slipway(
            [
                "release", "publish", image.path, "--name", "acme", "--version", "1.0",
                "--hardware", "gw-2", "--keys", folder.appending(path: "acme/keys").path,
            ], server)
        #expect(published.code == 0, "\(published.words)")
        #expect(
            try server.send(.post, "/device/v1/check-in", server.checkIn(key: .generate())).status
                == 200)
        return server
    }

    private static func slipway(
        _ arguments: [String], _ server: ServerProcess
    ) throws -> (code: Int32, words: String) {
        try ServerProcess.run(
            "slipway",
            arguments + [
                "--server", server.url, "--token-file",
                server.folder.appending(path: "data/operator-token").path,
            ])
    }

    private static func start(_ check: String, _ server: ServerProcess) throws {
        let path = server.folder.appending(path: "r.yaml")
        try Data(file(check).utf8).write(to: path)
        let started = try slipway(["rollout", "start", path.path, "--yes"], server)
        #expect(started.code == 0, "\(started.words)")
    }

    @Test func aCommandThatFailsPausesTheRollout() throws {
        let server = try Self.server { folder in
            let programs = folder.appending(path: "gates")
            let program = programs.appending(path: "check-lab").path
            try? FileManager.default.createDirectory(
                at: programs, withIntermediateDirectories: true)
            _ = FileManager.default.createFile(
                atPath: program, contents: Data("#!/bin/sh\necho 3 angry\nexit 1\n".utf8),
                attributes: [.posixPermissions: 0o755])
            return ["--gate-commands", programs.path]
        }
        try Self.start("name: lab, command: check-lab", server)
        // It ends when the rollout is not running any more.
        _ = try Self.slipway(["rollout", "watch", "r"], server)
        let shown = try Self.slipway(["rollout", "show", "r"], server)
        #expect(shown.words.contains("paused: check lab failed: 3 angry"), "\(shown.words)")
    }

    @Test(
        arguments: [
            ["--prometheus", "metrics:9090"], ["--webhooks", "https://a/../b"],
            ["--gate-commands", "/nowhere"],
        ])
    func aSettingThatAllowsNothingSensibleIsRefused(flags: [String]) throws {
        let folder = try ServerProcess.preparedFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let end = try ServerProcess.run("slipway-server", ServerProcess.arguments(folder) + flags)
        #expect(end.code == 65)
        #expect(
            end.words.contains(
                flags[0].dropFirst(2).replacingOccurrences(of: "-", with: "_") + ": "),
            "\(end.words)")
    }
}
