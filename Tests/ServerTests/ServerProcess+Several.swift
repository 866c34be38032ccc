import Curl
import Foundation
import Model
import OpenSSL
import TestSupport
import Wire

/// Servers on one database and one repository, each with a folder of its own.
struct ServerGroup {
    let first: ServerProcess
    let store: String

    /// - Parameter store: The database's address; each server adds its name to it.
    init(on store: String) throws {
        self.store = store
        let folder = try ServerProcess.preparedFolder()
        first = try ServerProcess(
            folder: folder, Self.more(store, "one"), errors: Self.log(in: folder))
    }

    private static func more(_ store: String, _ name: String) -> [String] {
        // As often as it may be, so that whatever stops a server stops it in a step.
        let mark = store.contains("?") ? "&" : "?"
        return ["--store", "\(store)\(mark)application_name=\(name)", "--step-milliseconds", "10"]
    }

    /// Starts one more, called `name` by the database.
    func another(_ name: String) throws -> ServerProcess {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        let data = folder.appending(path: "data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: first.folder.appending(path: "data/enrolment-token"),
            to: data.appending(path: "enrolment-token"))
        // The later of two settings wins.
        return try ServerProcess(
            folder: folder,
            arguments: ServerProcess.arguments(first.folder) + ["--data", data.path]
                + Self.more(store, name), errors: Self.log(in: folder))
    }

    private static func log(in folder: URL) throws -> FileHandle {
        let file = folder.appending(path: "log")
        try Data().write(to: file)
        return try FileHandle(forWritingTo: file)
    }
}

extension ServerProcess {
    /// What it has logged so far.
    var logged: String {
        (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? ""
    }

    /// Starts a rollout to all devices in one wave.
    func startRollout(concurrent: Int, overdueAfter: String) throws {
        try publishToServer("0123456789")
        let file = try RolloutFile(
            parsing: Array(
                """
                {"rollout": "all", "release": "acme 1.0", "devices": "all",
                "waves": [{"name": "all", "percent": "100%"}],
                "limits": {"concurrent": \(concurrent)},
                "gate": {"max_failure_rate": "90%", "overdue_after": "\(overdueAfter)"}}
                """.utf8), limitBytes: 65_536)
        let shown = try asOperator(.post, "plans", file.bytes)
        guard shown.status == 200 else {
            throw DidNotStart(said: String(decoding: shown.body, as: UTF8.self))
        }
        let plan = try PlanSummary(parsing: shown.body, limitBytes: 1_048_576)
        let started = try asOperator(
            .post, "rollouts", StartRequest(file: file, digest: plan.digest).bytes)
        guard started.status == 201 else {
            throw DidNotStart(said: String(decoding: started.body, as: UTF8.self))
        }
    }
}

/// A device that takes its offer, boots it and proves it, and remembers what it was promised.
struct FleetDevice {
    let id: DeviceID
    private let key: Ed25519PrivateKey
    private let token: String
    private(set) var sequence: Int64 = 0
    /// The newest check-in that was answered, and the offers that came of them.
    private(set) var answered: Int64 = 0
    private(set) var offers: [Nonce] = []
    private(set) var proven: Nonce?
    private var offer: Offer?

    init(_ number: Int, token: String) throws {
        id = must(DeviceID("gw-\(number)"))
        key = try .generate()
        self.token = token
    }

    /// An answer that is neither right nor says when to come back.
    struct WrongAnswer: Error { let status: Int, text: String }

    /// Says what comes next; returns whether the server answered.
    ///
    /// A server that is not there counts as one that did not answer only where `mayBeGone`.
    mutating func act(at server: ServerProcess, mayBeGone: Bool = false) throws -> Bool {
        sequence += 1
        let answer: HTTPResponse
        do { answer = try server.send(.post, "/device/v1/check-in", message()) } catch {
            guard mayBeGone else { throw error }
            return false
        }
        if answer.status == 503, answer.header("retry-after") != nil { return false }
        guard answer.status == 200 else {
            throw WrongAnswer(
                status: Int(answer.status), text: String(decoding: answer.body, as: UTF8.self))
        }
        answered = sequence
        if let offer { proven = offer.nonce }
        let directive = try SignedMessage<Directive>(parsing: answer.body, limitBytes: 65_536)
        if case .offer(let signed) = directive.unverified.order {
            offer = signed.unverified
            offers.append(signed.unverified.nonce)
        }
        return true
    }

    private func message() throws -> [UInt8] {
        try SignedMessage(
            signing: CheckIn(
                device: id, hardware: must(HardwareModel("gw-2")), sequence: sequence,
                boot: BootReport(
                    slot: must(SlotName(offer == nil ? "a" : "b")),
                    bootID: must(BootID(offer == nil ? "b-0" : "b-1")), release: offer?.release,
                    sha256: offer?.image.sha256, isConfirmed: true),
                phase: offer.map { .proven($0.nonce) } ?? .idle, attributes: nil,
                enrolment: Enrolment(publicKey: key.ed25519PublicKey, token: token)),
            keyID: must(KeyID(key.ed25519PublicKey.hex)), with: { try key.sign($0) }
        ).bytes
    }
}
