import Curl
import Foundation
import Model
import Rollouts
import TestSupport
import Wire

/// Whoever publishes releases, and starts and watches rollouts of them.
final class RolloutLoad {
    private let client: LoadClient
    /// Somebody else, who approves.
    private let approver: String
    private var number = 0
    private var name: String?
    private var isPublished = false
    /// What was asked for under a key, until it is answered.
    private var start: (key: String, body: [UInt8])?

    init(_ client: LoadClient, approver: String) {
        self.client = client
        self.approver = approver
    }

    private var site: Site { client.site }
    private var ledger: Ledger { client.ledger }
    private var version: String { "1.\(number).0" }

    func act() throws {
        if let name { return try watch(name) }
        if !isPublished { return try publish() }
        try startRollout()
    }

    // MARK: Releases

    private func publish() throws {
        guard let address = client.address() else { return }
        let image = site.path("\(version).img")
        if !FileManager.default.fileExists(atPath: image) {
            let bytes = (0..<Int.random(in: 1000...200_000, using: &client.random)).map { _ in
                UInt8.random(in: 0...255, using: &client.random)
            }
            try Data(bytes).write(to: URL(filePath: image))
        }
        let end = try Programs.run(
            "slipway",
            [
                "release", "publish", image, "--name", "acme", "--version", version,
                "--hardware", "gw-2", "--keys", site.path("acme/keys"),
            ] + site.commandArguments(address))
        guard end.code == 0 else {
            let isForNow = ["disk is full", "busy", "in time"].contains { end.words.contains($0) }
            if !isForNow, site.isUp(address) {
                ledger.accuse("publishing \(version): \(end.words)")
            }
            return
        }
        isPublished = true
        ledger.with { _ = $0.releases.insert(version) }
    }

    // MARK: Starts

    private func startRollout() throws {
        let name = "r\(number)"
        if start == nil {
            let file = try LoadPlans.file(name, version: version, isCareful: client.chance(40))
            guard let shown = client.ask(.post, "plans", file.bytes) else { return }
            guard shown.status == 200 else { return accuse("plan \(name)", shown) }
            let plan = try PlanSummary(parsing: shown.body, limitBytes: 1_048_576)
            start = ("start-\(name)", StartRequest(file: file, digest: plan.digest).bytes)
        }
        guard let start, let answer = post(start) else { return }
        guard answer.status == 201 else {
            // Another device came meanwhile, so that another plan has to be looked at.
            self.start = nil
            return answer.status == 409 ? () : accuse("start \(name)", answer)
        }
        ledger.with { $0.rollouts[name] = Ledger.RolloutFacts() }
        if client.chance(50), let again = post(start), again.body != answer.body {
            accuse("start \(name) again", again)
        }
        self.name = name
        self.start = nil
    }

    private func post(_ start: (key: String, body: [UInt8])) -> HTTPResponse? {
        client.ask(.post, "rollouts", start.body, [("Idempotency-Key", start.key)])
    }

    // MARK: Control

    private func watch(_ name: String) throws {
        guard let answer = client.ask(.get, "rollouts/\(name)") else { return }
        guard answer.status == 200 else { return accuse("rollout \(name)", answer) }
        let rollout = try RolloutSummary(parsing: answer.body, limitBytes: 1_048_576)
        switch rollout.state {
        case "completed", "aborted": next(rollout.state)
        case "paused": control(name, "resume")
        default:
            switch Int.random(in: 0..<200, using: &client.random) {
            case 0: control(name, "abort")
            case 1..<6: control(name, "pause")
            // Not the author: she would be refused.
            default: _ = client.ask(.post, "rollouts/\(name)/approve", as: approver)
            }
        }
    }

    /// Asks until it is answered, or makes no sense any more.
    private func control(_ name: String, _ verb: String) {
        guard let answer = client.ask(.post, "rollouts/\(name)/\(verb)") else { return }
        guard answer.status == 200 || answer.status == 409 else {
            return accuse("\(verb) \(name)", answer)
        }
        guard verb == "abort", answer.status == 200 else { return }
        ledger.with { $0.rollouts[name]?.isAborted = true }
    }

    private func next(_ state: String) {
        ledger.count("rollouts \(state)")
        number += 1
        name = nil
        isPublished = false
    }

    private func accuse(_ what: String, _ answer: HTTPResponse) {
        ledger.accuse("\(what): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
    }
}
