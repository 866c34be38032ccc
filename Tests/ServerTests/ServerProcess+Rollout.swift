import Curl
import Foundation
import Model
import OpenSSL
import TestSupport
import Wire

extension ServerProcess {
    static let rolloutName = "gateway-2.4.1"

    /// A server with three devices, a release, and a rollout that one of them has an offer of.
    static func withRollout(_ more: [String] = []) throws -> ServerProcess {
        let server = try ServerProcess(folder: preparedFolder(), more)
        try server.publishToServer("0123456789")
        let keys = try (1...3).map { _ in try Ed25519PrivateKey.generate() }
        for (number, key) in keys.enumerated() {
            try server.expect(
                200, .post, "/device/v1/check-in",
                server.checkIn(key: key, device: "gw-\(number)"))
        }
        let file = try RolloutFile(
            parsing: Array(
                """
                {"rollout": "\(rolloutName)", "release": "acme 1.0", "devices": "all", "waves": [
                {"name": "canary", "count": 2, "soak": "1h", "approval": "required"},
                {"name": "fleet", "percent": "100%"}]}
                """.utf8), limitBytes: 65_536)
        let shown = try server.asOperator(.post, "plans", file.bytes)
        guard shown.status == 200 else {
            throw DidNotStart(said: String(decoding: shown.body, as: UTF8.self))
        }
        let plan = try PlanSummary(parsing: shown.body, limitBytes: 1_048_576)
        let started = try server.asOperator(
            .post, "rollouts", StartRequest(file: file, digest: plan.digest).bytes)
        guard started.status == 201 else {
            throw DidNotStart(said: String(decoding: started.body, as: UTF8.self))
        }
        for (number, key) in keys.enumerated() {
            try server.expect(
                200, .post, "/device/v1/check-in",
                server.checkIn(sequence: 2, key: key, device: "gw-\(number)"))
        }
        return server
    }

    /// Publishes through the server, which then offers it.
    func publishToServer(_ text: String) throws {
        let image = folder.appending(path: "x.img")
        try Data(text.utf8).write(to: image)
        let end = try Self.run(
            "slipway",
            [
                "release", "publish", image.path, "--name", "acme", "--version", "1.0",
                "--hardware", "gw-2", "--keys", folder.appending(path: "acme/keys").path,
                "--server", url, "--token-file", folder.appending(path: "data/operator-token").path,
            ])
        guard end.code == 0 else { throw DidNotStart(said: end.words) }
    }

    func expect(
        _ status: Int, _ method: HTTPMethod, _ path: String, _ body: [UInt8]
    ) throws {
        let answer = try send(method, path, body)
        guard answer.status == status else {
            throw DidNotStart(said: "\(path): \(String(decoding: answer.body, as: UTF8.self))")
        }
    }

    /// What whoever scrapes with the operator's token is told.
    func scrape() throws -> ScrapedMetrics {
        let answer = try send(
            .get, "/metrics", headers: [("Authorization", "Bearer \(operatorToken)")])
        guard answer.status == 200 else { throw DidNotStart(said: "/metrics: \(answer.status)") }
        return try ScrapedMetrics(String(decoding: answer.body, as: UTF8.self))
    }
}
