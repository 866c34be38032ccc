import Curl
import Foundation
import Model
import Rollouts
import Wire

/// Whoever changes cohorts, web hooks and devices, one thing after another.
final class ClerkLoad {
    private let client: LoadClient
    private var number = 0
    /// What is under way, asked until it is answered.
    private var errand: Errand?
    /// Whether it was asked before, so that it may have been done already.
    private var isAgain = false
    private var hooks: [(id: String, url: String)] = []
    private var held: String?

    private enum Errand {
        case cohort(name: String, key: String, selector: String)
        case addHook(url: String, key: String)
        case removeHook(id: String, url: String)
        case hold(device: String, reason: String?)
        case retire(device: String)
    }

    init(_ client: LoadClient) { self.client = client }

    private var ledger: Ledger { client.ledger }

    func act() throws {
        guard let errand = errand ?? next() else { return }
        self.errand = errand
        let isDone =
            switch errand {
            case .cohort(let name, let key, let selector): try save(name, key, selector)
            case .addHook(let url, let key): try addHook(url, key)
            case .removeHook(let id, let url): removeHook(id, url)
            case .hold(let device, let reason): hold(device, reason)
            case .retire(let device): retire(device)
            }
        if isDone { self.errand = nil }
        isAgain = !isDone
    }

    private func next() -> Errand? {
        number += 1
        switch Int.random(in: 0..<100, using: &client.random) {
        case 0..<30:
            return .cohort(
                name: "c\(number % 5)", key: "cohort-\(number)", selector: #"tag("n\#(number)")"#)
        case 30..<55:
            if hooks.count > 20 { return .removeHook(id: hooks[0].id, url: hooks[0].url) }
            return .addHook(url: "http://127.0.0.1:1/\(number)", key: "hook-\(number)")
        case 55..<60:
            return hooks.randomElement(using: &client.random).map {
                .removeHook(id: $0.id, url: $0.url)
            }
        case 60..<90:
            if let held { return .hold(device: held, reason: nil) }
            return device().map { .hold(device: $0, reason: "number \(number)") }
        default: return device().map { .retire(device: $0) }
        }
    }

    /// One that is enrolled for sure.
    private func device() -> String? {
        let ids = ledger.with { facts in
            facts.devices.filter { $0.value.acknowledged > 0 && !$0.value.mayBeRetired }.keys
                .sorted()
        }
        return ids.filter { $0 != held }.randomElement(using: &client.random)
    }

    // MARK: Once, by a key

    private func save(_ name: String, _ key: String, _ selector: String) throws -> Bool {
        func ask() -> HTTPResponse? {
            client.ask(
                .put, "cohorts/\(name)", CohortRequest(selector: selector).bytes,
                [("Idempotency-Key", key)])
        }
        guard let answer = ask() else { return false }
        guard answer.status == 200 else { return accuse("cohort \(name)", answer) }
        ledger.with { $0.cohorts[name, default: 0] += 1 }
        if client.chance(30), let again = ask(), again.body != answer.body {
            return accuse("cohort \(name) again", again)
        }
        return true
    }

    private func addHook(_ url: String, _ key: String) throws -> Bool {
        func ask() -> HTTPResponse? {
            client.ask(
                .post, "webhooks", WebHookRequest(url: url, kinds: [.fleet], secret: nil).bytes,
                [("Idempotency-Key", key)])
        }
        guard let answer = ask() else { return false }
        guard answer.status == 201 else { return accuse("web hook \(url)", answer) }
        let hook = try WebHookSummary(parsing: answer.body, limitBytes: 65_536)
        ledger.with { $0.hooks[url] = true }
        hooks.append((hook.id.text, url))
        if client.chance(30), let again = ask(), again.body != answer.body {
            return accuse("web hook \(url) again", again)
        }
        return true
    }

    private func removeHook(_ id: String, _ url: String) -> Bool {
        guard let answer = client.ask(.delete, "webhooks/\(id)") else { return false }
        guard answer.status == 204 || (isAgain && answer.status == 404) else {
            return accuse("no \(url)", answer)
        }
        ledger.with { $0.hooks[url] = false }
        hooks.removeAll { $0.id == id }
        return true
    }

    // MARK: Devices

    private func hold(_ device: String, _ reason: String?) -> Bool {
        let body = reason.map { HoldRequest(reason: $0).bytes } ?? []
        let verb = reason == nil ? "resume" : "hold"
        // Until it is answered nobody knows whether it was done.
        ledger.with { $0.holds[device] = nil }
        guard let answer = client.ask(.post, "devices/\(device)/\(verb)", body) else {
            return false
        }
        guard answer.status == 200 else { return accuse("\(verb) \(device)", answer) }
        ledger.with { $0.holds[device] = .some(reason) }
        held = reason == nil ? nil : device
        return true
    }

    private func retire(_ device: String) -> Bool {
        ledger.retires(device)
        guard let answer = client.ask(.post, "devices/\(device)/retire") else { return false }
        guard answer.status == 200 || (isAgain && answer.status == 409) else {
            return accuse("retire \(device)", answer)
        }
        ledger.retired(device)
        return true
    }

    private func accuse(_ what: String, _ answer: HTTPResponse) -> Bool {
        ledger.accuse("\(what): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
        return true
    }
}
