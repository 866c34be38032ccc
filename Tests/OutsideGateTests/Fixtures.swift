import Foundation
import Model
import Orchestrator
import Rollouts
import Server
import TestSupport

@testable import slipway_server

extension OutsideQuestion {
    static let plain = OutsideQuestion(
        rollout: must(RolloutName("gateway-2.4.1")), release: must(ReleaseID("acme 2.4.1")),
        wave: 1, waveName: "early \"ö\"", since: Instant(secondsSinceEpoch: 0), proven: 40,
        failed: 2, now: Instant(secondsSinceEpoch: 3600))
}

extension OutsideGates {
    /// Gates of a server with these settings.
    static func with(_ settings: [ServerSettings.Key: String]) throws -> OutsideGates {
        var all = ServerSettings()
        for (key, text) in settings { try all.set(key, text) }
        return try OutsideGates(all)
    }

    func ask(_ question: OutsideCheck.Question, timeoutSeconds: Int = 10) async -> OutsideAnswer {
        let check = OutsideCheck(
            name: must(CheckName("qa")), question: question, interval: .seconds(30),
            timeout: .seconds(timeoutSeconds))
        return await answer(check, about: .plain)
    }
}

/// A folder of programs, removed with its owner.
final class ProgramFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func add(_ name: String, _ script: String, mode: Int = 0o755) throws {
        // Another process writes it: a program that starts meanwhile in ours would hold the file
        // open for writing for a moment, in which it cannot be run.
        let shell = ChildProcess()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = [
            "-c", "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod \"$3\" \"$1\"", "sh",
            url.appending(path: name).path, script, String(mode, radix: 8),
        ]
        try shell.run()
        shell.waitUntilExit()
    }

    func text(_ name: String) -> String? {
        try? String(contentsOf: url.appending(path: name), encoding: .utf8)
    }
}
