import Curl
import Foundation
import JSON
import OpenSSL
import TestSupport
import Testing
import Wire

/// One name for a request, in the logs of both ends.
@Suite final class RequestNameTests {
    private let log = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).log")

    deinit { try? FileManager.default.removeItem(at: log) }

    private func lines() throws -> [String] {
        try String(contentsOf: log, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    private func server(_ more: String...) throws -> ServerProcess {
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        return try ServerProcess(
            folder: ServerProcess.preparedFolder(), more, errors: FileHandle(forWritingTo: log))
    }

    @Test func answersWithTheNameThatWasGiven() throws {
        let server = try server()
        let answer = try server.send(.get, "/healthz", headers: [("X-Request-Id", "from.me_1-A")])
        #expect(answer.header("x-request-id") == "from.me_1-A")
        let missing = try server.send(.get, "/nowhere", headers: [("X-Request-Id", "from.me_2")])
        #expect(missing.status == 404)
        #expect(missing.header("x-request-id") == "from.me_2")
    }

    @Test(arguments: ["a b", "<script>", String(repeating: "x", count: 65), "é", "%0a"])
    func makesANameInsteadOfOneThatCouldHarm(name: String) throws {
        let server = try server()
        let answer = try server.send(.get, "/healthz", headers: [("X-Request-Id", name)])
        let made = try #require(answer.header("x-request-id"))
        #expect(made.wholeMatch(of: /[0-9a-f]{16}/) != nil)
        let next = try server.send(.get, "/healthz").header("x-request-id")
        #expect(next != made)
    }

    /// Whoever has only the body, as a person who reads the command's words, has the name, too.
    @Test func everyErrorSaysItsName() throws {
        let server = try server()
        let headers = [("X-Request-Id", "from.me_3")]
        let errors = [
            try server.send(.get, "/nowhere", headers: headers),
            try server.send(.delete, "/healthz", headers: headers),
            try server.send(.get, "/api/v1/devices", headers: headers),
            try server.send(.post, "/device/v1/check-in", [0x7b], headers: headers),
            try server.send(
                .get, "/repository/metadata/timestamp.json",
                headers: headers + [("Range", "bytes=999999-")]),
            try server.send(
                .get, "/api/v1/devices/nobody",
                headers: headers + [("Authorization", "Bearer \(server.operatorToken)")]),
        ]
        #expect(errors.map(\.status) == [404, 405, 401, 400, 416, 404])
        for answer in errors {
            let said = try ErrorAnswer(parsing: answer.body, limitBytes: 65_536)
            #expect(said.requestID == "from.me_3", "\(answer.status)")
        }
    }

    @Test func theCommandShowsTheNameWithTheError() throws {
        let server = try server()
        let token = server.folder.appending(path: "data/operator-token").path
        let end = try ServerProcess.run(
            "slipway",
            ["device", "show", "nobody", "--server", server.url, "--token-file", token])
        #expect(end.code != 0)
        #expect(end.words.contains(/there is no device called nobody \(request [0-9a-f]{16}\)/))
    }

    @Test func aRefusalIsLoggedUnderItsName() throws {
        let server = try server()
        let stranger = try server.checkIn(key: .generate(), token: "guess")
        let headers = [("X-Request-Id", "abc-1")]
        #expect(
            try server.send(.post, "/device/v1/check-in", stranger, headers: headers).status == 401)
        _ = server.stop()
        let refused = try lines().filter { $0.contains("request refused") }
        #expect(refused.count == 1)
        #expect(refused.first?.contains(" request_id=abc-1") == true)
        // Whoever does not belong here is no trouble of ours.
        #expect(refused.first?.contains(" info slipway-server: request refused ") == true)
    }

    @Test func logsJSONThatOurReaderTakes() throws {
        let server = try server("--log-format", "json", "--log-level", "debug")
        let key = try Ed25519PrivateKey.generate()
        let message = try server.checkIn(key: key)
        let headers = [("X-Request-Id", "abc-2")]
        #expect(
            try server.send(.post, "/device/v1/check-in", message, headers: headers).status == 200)
        // It says what it was given, and cannot be made to say more than one line.
        #expect(try server.asOperator(.get, #"devices/a","level":"error"#).status == 400)
        _ = server.stop()
        var orders: [String] = []
        for line in try lines() {
            let fields = try JSONFields(
                JSONValue(parsing: Array(line.utf8), limits: .standard(bytes: 65_536)))
            for name in ["time", "level", "logger", "message"] {
                #expect(try !fields.string(name).isEmpty)
            }
            #expect(
                try fields.string("time").wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/)
                    != nil)
            guard try fields.optionalString("request_id") == "abc-2" else { continue }
            if let order = try fields.optionalString("order") { orders.append(order) }
            #expect(fields.optionalValue("hb.request.id") == nil)
        }
        #expect(orders == ["wait"])
    }

    /// The real agent against the real server.
    @Test func theAgentsLogHasTheNameThatTheServersHas() throws {
        let server = try server()
        let folder = server.folder.appending(path: "device")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "boot"), withIntermediateDirectories: true)
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        try write("confirmed=a\n", "boot/environment")
        try write("slot=a\nboot_id=boot-1\n", "boot/booted")
        try write("a", "a.img")
        try write("not-the-right-token\n", "token")
        let path = folder.path
        let root = server.folder.appending(path: "acme/repository/metadata/1.root.json").path
        try write(
            """
            {"server": "\(server.url)", "device": "gw-1", "hardware": "gw-2",
            "enrolment_token_file": "\(path)/token", "state": "\(path)/state", "root": "\(root)",
            "slots": {"a": "\(path)/a.img", "b": "\(path)/b.img"}, "boot": "\(path)/boot"}
            """, "device.json")
        let agent = ChildProcess()
        let output = Pipe()
        agent.executableURL = ServerProcess.products.appending(path: "slipway-agent")
        agent.arguments = ["run", "--config", "\(path)/device.json"]
        agent.standardOutput = FileHandle.nullDevice
        agent.standardError = output
        try agent.run()
        defer {
            agent.terminate()
            agent.waitUntilExit()
        }
        var said = ""
        var name: Substring?
        while name == nil {
            let more = output.fileHandleForReading.availableData
            try #require(!more.isEmpty, "the agent ended: \(said)")
            said += String(decoding: more, as: UTF8.self)
            name = said.firstMatch(of: /refuses this device.*\(request ([0-9a-f]{16})\)\n/)?.1
        }
        _ = server.stop()
        let request = try #require(name)
        let known = try lines().filter { $0.contains("request_id=\(request)") }
        #expect(known.count == 1)
        #expect(known.first?.contains("lets it enrol") == true)
    }
}
