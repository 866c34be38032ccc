import Curl
import Foundation
import Model
import OpenSSL
import Testing
import Wire

/// The first start makes one administrator's token, and what an earlier version kept goes on.
@Suite struct FirstTokenTests {
    private func status(_ server: ServerProcess, _ token: String, _ path: String) throws -> Int {
        try server.send(
            .get, "/api/v1/\(path)", headers: [("Authorization", "Bearer \(token)")]
        ).status
    }

    /// Ends the server as a power cut would, and starts another on a copy of its folder.
    private func restarted(_ server: ServerProcess) throws -> ServerProcess {
        server.kill()
        let copy = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.copyItem(at: server.folder, to: copy)
        return try ServerProcess(folder: copy)
    }

    @Test func theTokenIsSaidOnceAndKeptInAFile() throws {
        let server = try ServerProcess()
        let token = server.operatorToken
        #expect(token.wholeMatch(of: /slw_[0-9a-f]{16}_[0-9a-f]{64}/) != nil)
        #expect(server.said.contains("the administrator's token, told only now: \(token)\n"))
        #expect(try status(server, token, "tokens") == 200)

        let again = try restarted(server)
        #expect(!again.said.contains("slw_"))
        #expect(again.operatorToken == token)
        #expect(try status(again, token, "tokens") == 200)
    }

    /// The database alone rules: a file that goes, comes or changes is nobody's token.
    @Test func filesHaveNoMeaningAfterwards() throws {
        let server = try ServerProcess()
        let token = server.operatorToken
        let data = server.folder.appending(path: "data")
        try FileManager.default.removeItem(at: data.appending(path: "operator-token"))
        try FileManager.default.createDirectory(
            at: data.appending(path: "operators"), withIntermediateDirectories: true)
        let planted = "a token that was planted"
        for name in ["operator-token", "operators/mallory"] {
            try Data("\(planted)\n".utf8).write(to: data.appending(path: name))
        }
        let again = try restarted(server)
        #expect(try status(again, planted, "whoami") == 401)
        #expect(try status(again, token, "whoami") == 200)
    }

    /// For whoever lost it; a server that runs takes the new one, and the log tells of it.
    @Test func aLostTokenIsReplacedBesideTheServer() throws {
        let server = try ServerProcess()
        let data = server.folder.appending(path: "data").path
        let made = try ServerProcess.run(
            "slipway-server", ["admin-token", "--data", data, "--name", "ada", "--expires", "2h"])
        #expect(made.code == 0, "\(made.words)")
        let token = made.words.trimmingCharacters(in: .newlines)
        #expect(token.wholeMatch(of: /slw_[0-9a-f]{16}_[0-9a-f]{64}/) != nil)
        let answer = try server.send(
            .get, "/api/v1/whoami", headers: [("Authorization", "Bearer \(token)")])
        let who = try WhoAmI(parsing: answer.body, limitBytes: 65_536)
        #expect(who.name.text == "ada" && who.role == .admin && who.expires != nil)
        let log = try server.asOperator(.get, "audit?limit=100")
        #expect(String(decoding: log.body, as: UTF8.self).contains("\"name\":\"ada\""))

        let elsewhere = try ServerProcess.run(
            "slipway-server", ["admin-token", "--data", data + "/typo"])
        #expect(elsewhere.code == 65 && elsewhere.words.contains("there is no database"))
        #expect(!FileManager.default.fileExists(atPath: data + "/typo"))
        let nobody = try ServerProcess.run(
            "slipway-server", ["admin-token", "--data", data, "--name", "a b"])
        #expect(nobody.code == 65 && nobody.words.contains("cannot be a name"))
    }

    @Test func tokensOfAnEarlierVersionAreTakenOver() throws {
        let folder = try ServerProcess.preparedFolder()
        let operators = folder.appending(path: "data/operators")
        try FileManager.default.createDirectory(at: operators, withIntermediateDirectories: true)
        let first = String(repeating: "5", count: 64)
        let grace = String(repeating: "6", count: 64)
        try Data("\(first)\n".utf8).write(to: folder.appending(path: "data/operator-token"))
        try Data("\(grace)\n".utf8).write(to: operators.appending(path: "grace"))

        let server = try ServerProcess(folder: folder)
        #expect(!server.said.contains(first) && !server.said.contains(grace))
        #expect(try status(server, first, "tokens") == 200)
        #expect(try status(server, grace, "devices") == 200)
        #expect(try status(server, grace, "tokens") == 403)
        let who = try server.send(
            .get, "/api/v1/whoami", headers: [("Authorization", "Bearer \(grace)")])
        #expect(try WhoAmI(parsing: who.body, limitBytes: 65_536).name.text == "grace")

        // What was revoked does not come back from its file.
        let list = try server.asOperator(.get, "tokens")
        let id = try #require(
            try ListAnswer<TokenSummary>(parsing: list.body, limitBytes: 65_536).items
                .first { $0.name.text == "grace" }?.id)
        #expect(try server.asOperator(.post, "tokens/\(id)/revoke").status == 200)
        #expect(try status(server, grace, "devices") == 401)
        let again = try restarted(server)
        #expect(try status(again, grace, "devices") == 401)
    }

    @Test(arguments: [
        ("operators/grace", ""), ("operators/gr ace", "x"), ("operator-token", "short"),
    ])
    func refusesAFileThatIsNone(name: String, text: String) throws {
        let folder = try ServerProcess.preparedFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(
            at: folder.appending(path: "data/operators"), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: folder.appending(path: "data/\(name)"))
        let end = try ServerProcess.run("slipway-server", ServerProcess.arguments(folder))
        #expect(end.code == 65, "\(end.words)")
    }

    @Test func noDeviceEnrolsByASharedTokenUnlessThatIsAskedFor() throws {
        let folder = try ServerProcess.preparedFolder()
        let planted = String(repeating: "8", count: 64)
        try FileManager.default.createDirectory(
            at: folder.appending(path: "data"), withIntermediateDirectories: true)
        try Data("\(planted)\n".utf8).write(to: folder.appending(path: "data/enrolment-token"))
        var arguments = ServerProcess.arguments(folder)
        arguments.removeAll { $0 == "--shared-enrolment-token" }
        let server = try ServerProcess(folder: folder, arguments: arguments)
        let check = try server.checkIn(key: .generate(), token: planted)
        let answer = try server.send(.post, "/device/v1/check-in", check)
        #expect(answer.status == 401)
        #expect(
            try ErrorAnswer(parsing: answer.body, limitBytes: 65_536).error
                == "device one is not known here by this key, and nothing that it shows lets it enrol"
        )
    }
}
