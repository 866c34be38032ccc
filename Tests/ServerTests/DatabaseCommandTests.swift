import Curl
import Foundation
import Model
import OpenSSL
import TestSupport
import Testing
import Trust

/// `backup`, `restore` and `check`, and a server on PostgreSQL, as who runs a server meets them.
@Suite struct DatabaseCommandTests {
    private static let path = "/device/v1/check-in"

    private static func database(_ folder: URL) -> String {
        folder.appending(path: "data/slipway.sqlite").path
    }

    private static func run(_ verb: String, _ words: String...) throws -> (
        code: Int32, words: String
    ) { try ServerProcess.run("slipway-server", [verb] + words) }

    @Test func aServerGoesOnFromACopyThatWasTakenWhileItRan() throws {
        let server = try ServerProcess()
        let data = server.folder.appending(path: "data").path
        let copy = server.folder.appending(path: "copy.sqlite").path
        let key = try Ed25519PrivateKey.generate()
        let first = try server.checkIn(key: key)
        #expect(try server.send(.post, Self.path, first).status == 200)

        let made = try Self.run("backup", "--data", data, copy)
        #expect(made.code == 0, "\(made.words)")
        #expect(!FileManager.default.fileExists(atPath: copy + "-wal"))
        // Never over a file that is there.
        let again = try Self.run("backup", "--data", data, copy)
        #expect(again.code == 65 && again.words.contains("exists already"), "\(again.words)")
        let tooEarly = try Self.run("restore", "--data", data, copy)
        #expect(tooEarly.code == 65 && tooEarly.words.contains("exists"), "\(tooEarly.words)")

        server.kill()
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: Self.database(server.folder) + suffix)
        }
        let restored = try Self.run("restore", "--data", data, copy)
        #expect(restored.code == 0, "\(restored.words)")
        let checked = try Self.run("check", "--data", data)
        #expect(checked.code == 0, "\(checked.words)")

        let next = try ServerProcess(folder: server.folder)
        #expect(try next.send(.post, Self.path, first).status == 409, "it knows the check-in")
        #expect(
            try next.send(.post, Self.path, next.checkIn(sequence: 2, key: key)).status == 200)
    }

    @Test func tellsWhatIsWrongWithADatabase() throws {
        let server = try ServerProcess()
        let data = server.folder.appending(path: "data").path
        #expect(
            try server.send(.post, Self.path, server.checkIn(key: .generate())).status == 200)
        #expect(server.stop() == 0)
        let file = Self.database(server.folder)
        _ = try filtered(
            Array(
                """
                INSERT INTO rollouts (name, file_json, plan_sha256, hardware, created_s, author,
                    priority, scope_attributes, scope_pairs, revision, state, since_s)
                    VALUES ('lost', '{}', hex(zeroblob(32)), 'gw-2', 1, 'ada', 5, '', 0, 1,
                        'completed', 2);
                INSERT INTO rollout_history (rollout, at_s, state) VALUES ('lost', 1, 'draft');
                """.utf8), by: "sqlite3", "-batch", "-bail", file)

        let end = try Self.run("check", "--data", data)
        #expect(end.code == 65)
        #expect(end.words.contains("a rollout has no waves: lost"), "\(end.words)")
        #expect(end.words.contains("history has last: lost"), "\(end.words)")
    }

    @Test func findsDamagedPagesAndCopiesNone() throws {
        let server = try ServerProcess()
        let data = server.folder.appending(path: "data").path
        #expect(server.stop() == 0)
        let file = URL(filePath: Self.database(server.folder))
        // What lies in the log beside it would be read from there.
        _ = try filtered(
            Array("PRAGMA wal_checkpoint(TRUNCATE);".utf8), by: "sqlite3", "-batch", file.path)
        var bytes = try Data(contentsOf: file)
        // All but the head of the file and of its first pages.
        for place in stride(from: 12_288, to: bytes.count, by: 4096) {
            bytes.replaceSubrange(place..<place + 64, with: Data(repeating: 0xa5, count: 64))
        }
        try bytes.write(to: file)

        let end = try Self.run("check", "--data", data)
        #expect(end.code == 65, "\(end.words)")
        let copy = server.folder.appending(path: "copy.sqlite").path
        let made = try Self.run("backup", "--data", data, copy)
        #expect(made.code == 65, "\(made.words)")
        #expect(!FileManager.default.fileExists(atPath: copy))
    }

    @Test func restoresNothingOfAnotherProgram() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let data = folder.appending(path: "data").path
        try FileManager.default.createDirectory(
            atPath: data, withIntermediateDirectories: true)
        let other = folder.appending(path: "other.sqlite").path
        _ = try filtered(Array("CREATE TABLE recipes (name TEXT);".utf8), by: "sqlite3", other)

        let end = try Self.run("restore", "--data", data, other)
        #expect(end.code == 65 && end.words.contains("another program"), "\(end.words)")
        #expect(!FileManager.default.fileExists(atPath: Self.database(folder)))
    }

    @Test func servesFromPostgres() throws {
        let address = try PostgresServer.shared.get().makeDatabase()
        let server = try ServerProcess(
            folder: ServerProcess.preparedFolder(), ["--store", address])
        let key = try Ed25519PrivateKey.generate()
        let first = try server.checkIn(key: key)
        #expect(try server.send(.post, Self.path, first).status == 200)
        server.kill()

        let next = try ServerProcess(folder: server.folder, ["--store", address])
        #expect(try next.send(.post, Self.path, first).status == 409)
        #expect(
            try next.send(.post, Self.path, next.checkIn(sequence: 2, key: key)).status == 200)
        #expect(!FileManager.default.fileExists(atPath: Self.database(server.folder)))

        let checked = try Self.run("check", "--store", address)
        #expect(checked.code == 0, "\(checked.words)")
        let copy = server.folder.appending(path: "copy").path
        let refused = try Self.run("backup", "--store", address, copy)
        #expect(refused.code == 65 && refused.words.contains("pg_dump"), "\(refused.words)")
    }

    /// Every answer is right, or says when to come back.
    @Test func saysWhenToComeBackWhilePostgresIsAway() throws {
        let postgres = try PostgresServer(isDurable: true)
        let server = try ServerProcess(
            folder: ServerProcess.preparedFolder(), ["--store", postgres.makeDatabase()])
        let key = try Ed25519PrivateKey.generate()
        #expect(try server.send(.post, Self.path, server.checkIn(key: key)).status == 200)

        try postgres.crash()
        let refused = try server.send(.post, Self.path, server.checkIn(sequence: 2, key: key))
        #expect(refused.status == 503)
        #expect(refused.header("retry-after") != nil)

        try postgres.start()
        var status = 503
        while status == 503 {
            status = try server.send(
                .post, Self.path, server.checkIn(sequence: 2, key: key)
            ).status
        }
        #expect(status == 200)
    }
}
