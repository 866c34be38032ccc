import Curl
import Foundation
import Model
import OpenSSL
import Rollouts
import TestSupport
import Testing
import Wire

/// `slipway-server move`, as who has outgrown SQLite meets it.
@Suite struct MoveCommandTests {
    private static func sqlite(_ server: ServerProcess) -> String {
        server.folder.appending(path: "data/slipway.sqlite").path
    }

    private static func move(_ words: String...) throws -> (code: Int32, words: String) {
        try ServerProcess.run("slipway-server", ["move"] + words)
    }

    @Test func theFleetGoesOnOnPostgres() throws {
        let server = try ServerProcess.withRollout()
        let data = server.folder.appending(path: "data").path
        let key = try Ed25519PrivateKey.generate()
        try server.expect(200, .post, "/device/v1/check-in", server.checkIn(key: key))
        let address = try PostgresServer.shared.get().makeDatabase()
        let early = try Self.move("--data", data, "--to", address)
        #expect(early.code == 65 && early.words.contains("another program is using"))
        #expect(server.stop() == 0)

        let moved = try Self.move("--data", data, "--to", address)
        #expect(moved.code == 0, "\(moved.words)")
        #expect(moved.words.contains("devices: 4 of 4 rows"), "\(moved.words)")
        #expect(
            moved.words.contains(/\ndevices +4 rows  sha256 [0-9a-f]{64}\n/), "\(moved.words)")
        #expect(moved.words.contains("rows are the same on both sides"))
        let checked = try ServerProcess.run("slipway-server", ["check", "--store", address])
        #expect(checked.code == 0, "\(checked.words)")

        // By mistake with the settings of before.
        let mistake = try ServerProcess.run(
            "slipway-server", ServerProcess.arguments(server.folder))
        #expect(mistake.code == 65 && mistake.words.contains("beyond every limit"))

        let next = try ServerProcess(folder: server.folder, ["--store", address])
        try next.expect(409, .post, "/device/v1/check-in", next.checkIn(key: key))
        try next.expect(200, .post, "/device/v1/check-in", next.checkIn(sequence: 2, key: key))
        let rollout = try next.asOperator(.get, "rollouts/\(ServerProcess.rolloutName)")
        #expect(rollout.status == 200)
        let export = server.folder.appending(path: "export").path
        let exported = try ServerProcess.run(
            "slipway",
            [
                "audit", "export", export, "--server", next.url, "--token-file",
                "\(data)/operator-token",
            ])
        #expect(exported.code == 0, "\(exported.words)")
        let root = server.folder.appending(path: "acme/repository/metadata/1.root.json").path
        let verdict = try ServerProcess.run(
            "slipway", ["audit", "verify", export, "--key", root])
        #expect(verdict.code == 0 && verdict.words.contains("signed to the last row"))

        let used = try Self.move("--data", data, "--to", address, "--back")
        #expect(used.code == 65 && used.words.contains("limits exceeded"), "\(used.words)")
    }

    @Test func saysWhatIsMissing() throws {
        #expect(try Self.move().code == 65)
        #expect(try Self.move("--from", "/nowhere/a.sqlite").code == 65)
        #expect(try Self.move("--forget-target").code == 64)
        let nobody = "postgres://u@127.0.0.1:1/none?connect_timeout=1"
        let lost = try Self.move("--from", "/nowhere/a.sqlite", "--to", nobody)
        #expect(lost.code == 75 && lost.words.contains("begin the move again"), "\(lost.words)")
    }

    // MARK: Killed

    /// More of them with `make test-moves SEEDS=500`, from `FIRST` on.
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["SLIPWAY_MOVE_SEEDS"].flatMap { UInt64($0) } ?? 2
        let first = environment["SLIPWAY_MOVE_FIRST_SEED"].flatMap { UInt64($0) } ?? 0
        return Array(first..<first + count)
    }()

    /// Killed at random moments, begun again each time, until it comes to its end.
    @Test(.serialized, arguments: seeds)
    func killedAnywhereItGoesOn(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let server = try ServerProcess.withRollout()
        #expect(server.stop() == 0)
        let file = Self.sqlite(server)
        _ = try filtered(
            Array(
                """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
                    INSERT INTO events (at_s, what) SELECT i, 'event ' || i FROM n;
                """.utf8), by: "sqlite3", "-batch", "-bail", file)
        let strike = try MoveStrike(in: server.folder)
        let whole = try strike.count(
            ["move", "--from", try Self.copy(file), "--to", Self.database()])
        #expect(whole > 100)

        let address = try Self.database()
        var kills: [Int] = []
        while true {
            let moment = Int.random(in: 1...whole, using: &random)
            let end = try strike.run(["move", "--from", file, "--to", address], killedAt: moment)
            guard end.code != 0 else { break }
            kills.append(moment)
            guard end.code == 9 else {
                Issue.record("seed \(seed), killed at \(kills): \(end.words)")
                return
            }
            // Perhaps it was killed only when all was done.
            try Self.expectNeverBoth(server, address, "seed \(seed), killed at \(kills)")
        }
        let again = try Self.move("--from", file, "--to", address)
        #expect(
            again.code == 0 && again.words.contains("was moved before"), "killed at \(kills)")
        let events = try PostgresServer.shared.get().query(
            address, "SELECT count(*) FROM events WHERE what LIKE 'event %'")
        #expect(events == "12000", "killed at \(kills)")
        let next = try ServerProcess(folder: server.folder, ["--store", address])
        #expect(try next.asOperator(.get, "rollouts").status == 200)
    }

    private static func database() throws -> String {
        try PostgresServer.shared.get().makeDatabase()
    }

    private static func copy(_ file: String) throws -> String {
        try FileManager.default.copyItem(atPath: file, toPath: "\(file).copy")
        return "\(file).copy"
    }

    /// At every moment servers may start on one of both at most.
    private static func expectNeverBoth(
        _ server: ServerProcess, _ address: String, _ when: String
    ) throws {
        let data = server.folder.appending(path: "data").path
        let old = try ServerProcess.run("slipway-server", ["check", "--data", data])
        let new = try ServerProcess.run("slipway-server", ["check", "--store", address])
        #expect(old.code != 0 || new.code != 0, "\(when): \(old.words) \(new.words)")
    }
}
