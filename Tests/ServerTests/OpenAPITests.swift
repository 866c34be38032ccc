import Curl
import Foundation
import Hummingbird
import JSON
import Model
import OpenSSL
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing
import Trust
import Wire

@testable import Server

/// The management interface is what its description says, and nothing else.
@Suite struct OpenAPITests {
    private struct NoProbe: OutsideGateProbe {
        func answer(
            _ check: OutsideCheck, about question: OutsideQuestion
        ) async -> OutsideAnswer { .unknown("nobody is asked") }
    }

    /// Serves nothing: only its routes are looked at.
    private func orchestrator(in folder: URL, repository: URL) throws -> Orchestrator {
        let hashing = OpenSSLHashing()
        let directory = try RepositoryDirectory(folder: repository)
        return Orchestrator(
            store: try SQLiteStore(path: folder.appending(path: "slipway.sqlite").path),
            files: directory, images: directory, spool: directory,
            signers: OnlineSigners(
                snapshot: try Ed25519PrivateKey.generate(),
                timestamp: try Ed25519PrivateKey.generate(),
                offer: try Ed25519PrivateKey.generate()),
            cryptography: CryptographySuite(
                checker: OpenSSLSignatureChecker(), hashing: hashing),
            settings: Orchestrator.Settings(
                checkInSeconds: 60, sharedEnrolmentTokenDigest: nil, limits: .standard),
            zones: SystemTimeZones(), outside: NoProbe(),
            now: { Instant(secondsSinceEpoch: 1) }, makeNonce: { must(Nonce("n")) })
    }

    private func document(_ server: ServerProcess) throws -> JSONObject {
        let answer = try server.send(.get, "/api/v1/openapi.json")
        #expect(answer.status == 200)
        let value = try JSONValue(parsing: answer.body, limits: .standard(bytes: 1_048_576))
        return try JSONFields(value).members
    }

    @Test func describesEveryRouteAndNothingElse() throws {
        let server = try ServerProcess()
        let folder = server.folder.appending(path: "routes")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let repository = server.folder.appending(path: "acme/repository")
        let routes = WebServer.routes(
            try orchestrator(in: folder, repository: repository), repositoryPath: repository.path
        ).routes.map { "\($0.method.rawValue.lowercased()) \($0.path)" }
        let managed = Set(routes.filter { $0.contains("/api/v1/") })
        #expect(managed.count > 30)

        var described: Set<String> = []
        let fields = try JSONFields(.object(document(server)))
        for path in try fields.object("paths").members.members {
            for method in try JSONFields(path.value).members.members {
                described.insert("\(method.key.text) \(path.key.text)")
            }
        }
        #expect(described == managed)
    }

    /// A server with a release, a device, a cohort, a web hook and a rollout that is reverted.
    private func livelyServer() throws -> ServerProcess {
        let server = try ServerProcess()
        let image = server.folder.appending(path: "x.img")
        try Data("image".utf8).write(to: image)
        let published = try ServerProcess.run(
            "slipway",
            [
                "release", "publish", image.path, "--name", "acme", "--version", "1.0",
                "--hardware", "gw-2", "--keys", server.folder.appending(path: "acme/keys").path,
                "--server", server.url, "--token-file",
                server.folder.appending(path: "data/operator-token").path,
            ])
        #expect(published.code == 0, "\(published.words)")
        let message = try server.checkIn(key: .generate())
        #expect(try server.send(.post, "/device/v1/check-in", message).status == 200)
        return server
    }

    private func collect(_ server: ServerProcess, into answers: AnswerBook) throws {
        try answers.ask(.put, "cohorts/{name}", ["name": "all"], #"{"selector":"all"}"#)
        let file = """
            {"rollout":"r-1","release":"acme 1.0","devices":"all",
            "waves":[{"name":"fleet","percent":100}]}
            """
        let plan = try PlanSummary(
            parsing: answers.ask(.post, "plans", [:], file).body, limitBytes: 65_536)
        let start = #"{"file":\#(file),"digest":"\#(plan.digest.hex)"}"#
        try answers.ask(.post, "rollouts", [:], start)
        for verb in ["pause", "resume", "pause"] {
            try answers.ask(.post, "rollouts/{name}/\(verb)", ["name": "r-1"])
        }
        for path in ["devices", "rollouts", "releases", "cohorts", "events", "webhooks"] {
            try answers.ask(.get, path)
        }
        let hook = #"{"url":"https://hooks.example.com/x"}"#
        let added = try WebHookSummary(
            parsing: answers.ask(.post, "webhooks", [:], hook).body, limitBytes: 65_536)
        let hookName = ["webhook": added.id.text]
        try answers.ask(.get, "webhooks/{webhook}", hookName)
        try answers.ask(.get, "webhooks/{webhook}/dead-letters", hookName)
        try answers.ask(.post, "webhooks/{webhook}/redeliver", hookName, "{}")
        try answers.ask(.delete, "webhooks/{webhook}", hookName)
        try answers.ask(.get, "devices/{id}", ["id": "one"])
        try answers.ask(.get, "devices/{id}/explanation", ["id": "one"])
        try answers.ask(.post, "devices/{id}/hold", ["id": "one"], #"{"reason":"lab"}"#)
        try answers.ask(.post, "devices/{id}/resume", ["id": "one"])
        try answers.ask(.post, "devices/{id}/pin", ["id": "one"], #"{"release":"acme 1.0"}"#)
        try answers.ask(.post, "devices/{id}/unpin", ["id": "one"])
        try answers.ask(.post, "devices/{id}/retire", ["id": "one"])
        try answers.ask(.get, "cohorts/{name}", ["name": "all"])
        try answers.ask(.get, "rollouts/{name}", ["name": "r-1"])
        try answers.ask(.get, "rollouts/{name}/explanation", ["name": "r-1"])
        try answers.ask(.get, "releases/{name}/{version}", ["name": "acme", "version": "1.0"])
        try answers.ask(.post, "rollouts/{name}/abort", ["name": "r-1"])
    }

    private func collectRefusals(into answers: AnswerBook) throws {
        try answers.ask(.get, "devices/{id}", ["id": "nobody"])
        try answers.ask(.get, "devices/{id}", ["id": "no%20body"])
        try answers.ask(.post, "plans", [:], "{")
        try answers.ask(.post, "rollouts/{name}/abort", ["name": "r-1"])
        try answers.ask(.post, "rollouts/{name}/revert", ["name": "r-1"], "{}")
        try answers.ask(.post, "devices/{id}/accept-key", ["id": "one"], "{}")
        try answers.ask(.get, "devices", [:], token: "guess")
    }

    @Test func answersAsItIsDescribed() throws {
        let server = try livelyServer()
        let answers = AnswerBook(server)
        try collect(server, into: answers)
        #expect(answers.statuses.allSatisfy { (200..<300).contains($0) }, "\(answers.statuses)")
        try collectRefusals(into: answers)
        let document = server.folder.appending(path: "openapi.json")
        try Data(try server.send(.get, "/api/v1/openapi.json").body).write(to: document)
        let book = server.folder.appending(path: "answers.json")
        try Data(answers.json.compactBytes).write(to: book)

        let end = try PythonTools.run(["-c", PythonTools.validator, document.path, book.path])

        #expect(end.code == 0, "\(end.words)")
        #expect(
            end.words.hasSuffix("checked \(answers.statuses.count { $0 != 204 })\n"), "\(end.words)"
        )
    }

    /// Requests made from the description by others find nothing that it does not say.
    @Test func schemathesisFindsNoViolation() throws {
        let server = try livelyServer()
        let configuration = server.folder.appending(path: "schemathesis.toml")
        try Data(PythonTools.configuration.utf8).write(to: configuration)
        let examples = ProcessInfo.processInfo.environment["SLIPWAY_API_EXAMPLES"] ?? "4"

        let end = try PythonTools.run(
            [
                "-m", "schemathesis.cli", "--config-file", configuration.path, "run",
                "\(server.url)/api/v1/openapi.json", "--checks", "all", "--max-examples",
                examples, "--seed", "1", "--workers", "1", "--generation-database", "none",
                // A stream has no end, and whoever revokes the token that they show gets no further;
                // rows that are refused are no refusal; and pieces of uploads have a type that it
                // cannot make (`UploadTests` and somebody else's client send them).
                "--request-timeout", "10", "--exclude-operation-id", "streamEvents",
                "--exclude-operation-id", "importInventory",
                "--exclude-operation-id", "revokeToken",
                "--exclude-operation-id", "appendToUpload",
                "--exclude-operation-id", "overrideUpload",
                "-H", "Authorization: Bearer \(server.operatorToken)",
            ], environment: ["PYTHONHASHSEED": "0", "COLUMNS": "160"], in: server.folder)

        #expect(end.code == 0, "\(end.words.suffix(12_000))")
        #expect(try server.send(.get, "/healthz").status == 200)
    }

    @Test func saysWhatAPlaceCanDo() throws {
        let server = try ServerProcess()
        let wrong = try server.send(.delete, "/api/v1/devices")
        #expect(wrong.status == 405)
        #expect(wrong.header("allow") == "GET, HEAD")
        #expect(try server.send(.put, "/healthz").status == 405)
        #expect(try server.send(.get, "/device/v1/check-in").header("allow") == "POST")
        #expect(try server.send(.get, "/api/v1/nothing").status == 404)
        let token = [("Authorization", "Bearer \(server.operatorToken)")]
        let head = try server.send(.head, "/api/v1/devices", headers: token)
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
    }
}

/// Asks a server, and writes down what it answers.
private final class AnswerBook {
    private let server: ServerProcess
    private(set) var statuses: [Int] = []
    private var entries: [JSONValue] = []

    init(_ server: ServerProcess) { self.server = server }

    var json: JSONValue { .array(entries) }

    @discardableResult
    func ask(
        _ method: HTTPMethod, _ path: String, _ names: [String: String] = [:],
        _ body: String = "", token: String? = nil
    ) throws -> Curl.HTTPResponse {
        var place = path
        for (name, value) in names { place = place.replacing("{\(name)}", with: value) }
        let answer = try server.send(
            method, "/api/v1/\(place)", Array(body.utf8),
            headers: [("Authorization", "Bearer \(token ?? server.operatorToken)")])
        statuses.append(answer.status)
        entries.append([
            "method": .string(method.rawValue.lowercased()), "path": .string("/api/v1/\(path)"),
            "status": .integer(Int64(answer.status)),
            "body": .string(String(decoding: answer.body, as: UTF8.self)),
        ])
        return answer
    }
}
