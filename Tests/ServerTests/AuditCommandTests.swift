import Audit
import Curl
import Foundation
import JSON
import Model
import OpenSSL
import TestSupport
import Testing
import Wire

/// `slipway audit` against a real server, and against what somebody made of its database.
@Suite struct AuditCommandTests {
    /// A server with a device that was held twice.
    private struct Scene {
        let server: ServerProcess
        let root: String

        init() throws {
            server = try ServerProcess()
            root = server.folder.appending(path: "acme/repository/metadata/1.root.json").path
            try checkIn(1, key: Self.key)
            for reason in ["lab", "court"] { try hold(reason) }
        }

        private static let key: Ed25519PrivateKey = {
            do { return try Ed25519PrivateKey(seed: Array(repeating: 7, count: 32)) } catch {
                preconditionFailure("32 bytes are a seed: \(error)")
            }
        }()

        func checkIn(_ sequence: Int64, key: Ed25519PrivateKey = key) throws {
            let message = try server.checkIn(sequence: sequence, key: key)
            let answer = try server.send(.post, "/device/v1/check-in", message)
            try #require(answer.status == 200)
        }

        func hold(_ reason: String) throws {
            let answer = try server.asOperator(
                .post, "devices/one/hold", HoldRequest(reason: reason).bytes)
            try #require(answer.status == 200)
        }

        /// The number of the newest row.
        func lastRow() throws -> Int64 {
            let answer = try server.asOperator(.get, "audit?limit=1")
            return must(
                try AuditPage(parsing: answer.body, limitBytes: 65_536).rows.last
            ).number
        }

        func file(_ name: String) -> String { server.folder.appending(path: name).path }

        func slipway(_ arguments: [String]) throws -> (code: Int32, words: String) {
            try ServerProcess.run("slipway", arguments)
        }

        /// With a server to ask.
        func asking(_ arguments: [String]) throws -> (code: Int32, words: String) {
            try slipway(
                arguments + [
                    "--server", server.url, "--token-file", file("data/operator-token"),
                ])
        }

        func export(_ name: String = "export") throws -> String {
            let end = try asking(["audit", "export", file(name)])
            try #require(end.code == 0, "\(end.words)")
            return file(name)
        }

        func verify(_ export: String, _ more: [String] = []) throws -> (code: Int32, words: String)
        {
            try slipway(["audit", "verify", export, "--key", root] + more)
        }

        func sqlite(_ statements: String) throws {
            let process = ChildProcess()
            process.executableURL = URL(filePath: "/usr/bin/sqlite3")
            process.arguments = [file("data/slipway.sqlite"), statements]
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
        }
    }

    @Test func listsWhoDidWhat() throws {
        let scene = try Scene()
        let all = try scene.asking(["audit", "list"])
        #expect(all.code == 0)
        for text in ["log-started", "device-added", "operator:operator", "held_reason"] {
            #expect(all.words.contains(text), "\(all.words)")
        }
        let one = try scene.asking(
            ["audit", "list", "--device", "one", "--by", "operator", "--limit", "1", "--json"])
        #expect(one.code == 0)
        let page = try AuditPage(parsing: Array(one.words.utf8), limitBytes: 65_536)
        #expect(page.rows.map(\.action) == ["device-changed"])
        #expect(page.rows.first?.before == ["held_reason": "lab"])
        #expect(page.rows.first?.after == ["held_reason": "court"])
        let none = try scene.asking(["audit", "list", "--rollout", "nothing"])
        #expect(none.code == 0 && !none.words.contains("device"))
        #expect(try scene.asking(["audit", "list", "--limit", "0"]).code == 64)
    }

    @Test func anExportIsCheckedWithoutAServer() throws {
        let scene = try Scene()
        let last = try scene.lastRow()
        let export = try scene.export()
        #expect(scene.server.stop() == 0)
        let good = try scene.verify(export)
        #expect(good.code == 0 && good.words.contains("OK        rows 1 to"), "\(good.words)")
        #expect(good.words.contains("signed to the last row"))
        let json = try scene.verify(export, ["--json"])
        #expect(json.code == 0 && json.words.contains(#""holds": true"#), "\(json.words)")

        let text = try String(contentsOfFile: export, encoding: .utf8)
        let forged = scene.file("forged")
        try text.replacing("court", with: "tower").write(
            toFile: forged, atomically: true, encoding: .utf8)
        let bad = try scene.verify(forged)
        #expect(bad.code == 1 && bad.words.contains("REFUSED"), "\(bad.words)")
        #expect(bad.words.contains("row \(last) was changed"), "\(bad.words)")
        // Nobody is believed unasked, and a chain without a signature is called that.
        #expect(try scene.slipway(["audit", "verify", export]).code == 64)
        let chain = try scene.slipway(["audit", "verify", export, "--chain-only"])
        #expect(chain.code == 0 && chain.words.contains("anybody could have written them"))
    }

    @Test func cutAndStrangeFilesAreRefused() throws {
        let scene = try Scene()
        let export = try scene.export()
        let whole = try Data(contentsOf: URL(filePath: export))
        let other = scene.file("other")
        func problem(_ data: Data) throws -> String {
            try data.write(to: URL(filePath: other))
            let end = try scene.verify(other)
            return end.code == 1 ? end.words : "it was taken with \(end.code): \(end.words)"
        }
        #expect(try problem(Data()).contains("there is no row"))
        #expect(try problem(whole.dropLast(1)).contains("it has no end"))
        #expect(try problem(whole.prefix(100)).contains("line 1"))
        #expect(try problem(Data([0xff, 0x0a])).contains("line 1 is no row"))
        let long = Data(repeating: UInt8(ascii: "x"), count: 8_500_000)
        #expect(try problem(whole + long).contains("longer than"))
        #expect(try scene.verify(scene.file("nothing")).code == 66)
        #expect(try scene.slipway(["audit", "verify", export, "--key", export]).code == 65)
    }

    @Test func theLogIsWholeAfterAKill() throws {
        let scene = try Scene()
        let kept = scene.file("checkpoint")
        let last = try scene.lastRow()
        let signed = try scene.asking(["audit", "checkpoint", kept])
        #expect(
            signed.code == 0 && signed.words.contains("covers \(last) rows"), "\(signed.words)")
        try scene.hold("tower")
        scene.server.kill()

        let again = try ServerProcess(folder: scene.server.folder)
        let end = try ServerProcess.run(
            "slipway",
            [
                "audit", "export", scene.file("export"), "--server", again.url, "--token-file",
                scene.file("data/operator-token"),
            ])
        #expect(end.code == 0 && end.words.contains("has \(last + 1) rows"), "\(end.words)")
        let verdict = try scene.verify(scene.file("export"), ["--checkpoint", kept])
        #expect(verdict.code == 0, "\(verdict.words)")
    }

    /// Somebody has the database, the trigger is no hindrance, and the server has signed since.
    @Test func whatWasDoneToTheDatabaseIsFound() throws {
        let scene = try Scene()
        let kept = scene.file("checkpoint")
        #expect(try scene.asking(["audit", "checkpoint", kept]).code == 0)
        let last = try scene.lastRow()
        try scene.sqlite(
            "DROP TRIGGER audit_is_not_changed;"
                + " UPDATE audit SET actor = 'operator:bob' WHERE number = \(last - 1)")
        let export = try scene.export()
        let verdict = try scene.verify(export, ["--checkpoint", kept])
        #expect(verdict.code == 1 && verdict.words.contains("row \(last - 1) was changed"))

        try scene.sqlite(
            "DROP TRIGGER audit_is_not_removed; PRAGMA foreign_keys = OFF;"
                + " DELETE FROM audit WHERE number = \(last)")
        let refused = try scene.asking(["audit", "export", scene.file("second")])
        #expect(refused.code == 65 && refused.words.contains("cut or rewritten: row \(last)"))
        #expect(!FileManager.default.fileExists(atPath: scene.file("second")))
    }

    /// The last service to end signs what the others have done.
    @Test func aServerThatStopsSignsItsLog() throws {
        let scene = try Scene()
        #expect(scene.server.stop() == 0)
        try scene.sqlite(
            "CREATE TABLE copy AS SELECT max(number) = (SELECT max(number) FROM audit) AS is_signed"
                + " FROM audit_checkpoints; CREATE TABLE one (x CHECK (x = 1));"
                + " INSERT INTO one SELECT is_signed FROM copy")
    }

    @Test func theRoutesAreGuardedAndStrict() throws {
        let scene = try Scene()
        let server = scene.server
        for path in ["audit", "audit/checkpoint"] {
            #expect(try server.send(.get, "/api/v1/\(path)").status == 401)
        }
        #expect(try server.send(.post, "/api/v1/audit/checkpoint").status == 401)
        for query in [
            "after=x", "after=-1", "limit=0", "limit=x", "subject=one", "subject=planet:x",
            "actor=ada",
        ] {
            #expect(try server.asOperator(.get, "audit?\(query)").status == 400, "\(query)")
        }
        let answer = try server.asOperator(.get, "audit?after=0&limit=100000")
        let page = try AuditPage(parsing: answer.body, limitBytes: 1_000_000)
        #expect(page.rows.map(\.number) == Array(1...(try scene.lastRow())))
        // Page by page, and nothing behind the last.
        let second = try server.asOperator(.get, "audit?after=1&limit=2")
        #expect(
            try AuditPage(parsing: second.body, limitBytes: 1_000_000).rows.map(\.number) == [2, 3])
        let last = try server.asOperator(.get, "audit?after=\(Int64.max)")
        #expect(try AuditPage(parsing: last.body, limitBytes: 1_000_000).rows.isEmpty)
        let posted = try server.asOperator(.post, "audit/checkpoint")
        let newest = try server.asOperator(.get, "audit/checkpoint")
        #expect(posted.status == 200 && posted.body == newest.body)
    }
}
