import Curl
import Foundation
import Testing

/// A server that cannot start says why, in one sentence and an exit code, and harms nothing.
@Suite struct StartTests {
    @Test func refusesAPortInUse() throws {
        let server = try ServerProcess()
        let port = try #require(URL(string: server.url)?.port)
        let other = try ServerProcess.preparedFolder()
        defer { try? FileManager.default.removeItem(at: other) }

        let end = try ServerProcess.run(
            "slipway-server", ServerProcess.arguments(other, port: "\(port)"))

        #expect(end.code == 69)
        #expect(end.words.contains("cannot listen on 127.0.0.1:\(port)"), "\(end.words)")
        #expect(try server.send(.get, "/healthz").status == 200)
    }

    @Test func refusesADatabaseThatIsNotOurs() throws {
        let folder = try ServerProcess.preparedFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let data = folder.appending(path: "data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        let database = data.appending(path: "slipway.sqlite")
        let foreign = Data(String(repeating: "holiday pictures ", count: 300).utf8)
        try foreign.write(to: database)

        let end = try ServerProcess.run("slipway-server", ServerProcess.arguments(folder))

        #expect(end.code == 65)
        #expect(end.words.contains("is not a database"), "\(end.words)")
        #expect(try Data(contentsOf: database) == foreign)
    }

    @Test func refusesKeysThatOthersCanRead() throws {
        let folder = try ServerProcess.preparedFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let key = folder.appending(path: "acme/keys/online/offer.pem").path
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)

        let end = try ServerProcess.run("slipway-server", ServerProcess.arguments(folder))

        #expect(end.code == 65)
        #expect(end.words.contains("can be read by others"), "\(end.words)")
    }

    @Test func refusesKeysThatRootDoesNotName() throws {
        let folder = try ServerProcess.preparedFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let online = folder.appending(path: "acme/keys/online")
        let other = try ServerProcess.preparedFolder()
        defer { try? FileManager.default.removeItem(at: other) }
        try FileManager.default.removeItem(at: online.appending(path: "offer.pem"))
        try FileManager.default.copyItem(
            at: other.appending(path: "acme/keys/online/offer.pem"),
            to: online.appending(path: "offer.pem"))

        let end = try ServerProcess.run("slipway-server", ServerProcess.arguments(folder))

        #expect(end.code == 65)
        #expect(end.words.contains("offer key"), "\(end.words)")
    }

    @Test func takesFileThenEnvironmentThenFlags() throws {
        let folder = try ServerProcess.preparedFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let config = folder.appending(path: "server.json")
        try Data(#"{"check_in_seconds": 0}"#.utf8).write(to: config)
        let file = try ServerProcess.run("slipway-server", ["--config", config.path])
        #expect(file.code == 65)
        #expect(file.words.contains("check_in_seconds"), "\(file.words)")

        try Data(#"{"prot": 1}"#.utf8).write(to: config)
        let misspelt = try ServerProcess.run("slipway-server", ["--config", config.path])
        #expect(misspelt.code == 65)
        #expect(misspelt.words.contains("port"), "\(misspelt.words)")

        // The flag's mistake is told although the file's value is fine.
        try Data(#"{"port": 1}"#.utf8).write(to: config)
        let flag = try ServerProcess.run(
            "slipway-server", ["--config", config.path, "--port", "70000"])
        #expect(flag.code == 65)
        #expect(flag.words.contains("70000"), "\(flag.words)")
        let missing = try ServerProcess.run("slipway-server", ["--config", "/nowhere.json"])
        #expect(missing.code == 65)
    }

    @Test func stopsInOrderWhenAsked() throws {
        let server = try ServerProcess()
        #expect(try server.send(.get, "/healthz").status == 200)
        #expect(server.stop() == 0)
    }

    @Test func keepsItsTokensPrivate() throws {
        let server = try ServerProcess()
        for name in ["operator-token", "enrolment-token"] {
            let path = server.folder.appending(path: "data/\(name)").path
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
        #expect(server.operatorToken.hasPrefix("slw_"))
        #expect(server.operatorToken != server.enrolmentToken)
    }
}
