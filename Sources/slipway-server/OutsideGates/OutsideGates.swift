import Foundation
internal import Model
internal import Orchestrator
internal import Rollouts
internal import Server
internal import Telemetry

/// Asks the outside checks of gates, as far as whoever runs the server allows it.
///
/// A rollout file comes from anybody with an operator's token. It must not be able to make the
/// server call or run anything that its owner did not name, so what is not allowed is never asked.
struct OutsideGates: OutsideGateProbe {
    private let prometheus: OutsideAddress?
    /// Addresses at or below which the server may call web hooks.
    let webHooks: [OutsideAddress]
    private let commands: URL?
    private let queue = BlockingQueue()

    private static let stopping = OutsideAnswer.unknown("the server was stopping")

    /// - Throws: ``ServerProblem/configuration(_:)`` for a setting that allows nothing sensible.
    init(_ settings: ServerSettings) throws(ServerProblem) {
        prometheus = try settings.prometheus.map { text throws(ServerProblem) in
            try Self.address(text, in: "prometheus")
        }
        var webHooks: [OutsideAddress] = []
        for text in (settings.webhooks ?? "").split(separator: ",") {
            webHooks.append(
                try Self.address(text.trimmingCharacters(in: .whitespaces), in: "webhooks"))
        }
        self.webHooks = webHooks
        commands = try settings.gateCommands.map { path throws(ServerProblem) in
            guard (try? FileManager.default.contentsOfDirectory(atPath: path)) != nil else {
                throw .configuration("gate_commands: there is no folder \(path)")
            }
            return URL(filePath: path, directoryHint: .isDirectory)
        }
    }

    private static func address(
        _ text: String, in setting: String
    ) throws(ServerProblem) -> OutsideAddress {
        guard let address = OutsideAddress(text), !text.contains("?") else {
            throw .configuration(
                "\(setting): \"\(text)\" is not an address such as https://metrics.example.com,"
                    + " without user and query")
        }
        return address
    }

    func answer(_ check: OutsideCheck, about question: OutsideQuestion) async -> OutsideAnswer {
        let timeout = check.timeout
        // Read here: the threads that ask belong to no trace.
        let headers = Trace.currentHeaders
        switch check.question {
        case .prometheus(let query, let pass):
            guard let prometheus else {
                return .unknown("this server's setting prometheus names no server to ask")
            }
            let probe = PrometheusProbe(
                base: prometheus, timeout: timeout, headers: headers)
            return await queue.run(orAtEnd: Self.stopping) { probe.answer(to: query, pass: pass) }
        case .webHook(let address):
            guard webHooks.contains(where: { address.isAtOrBelow($0) }) else {
                return .unknown("this server's setting webhooks does not allow \(address.text)")
            }
            let probe = WebHookProbe(address: address, timeout: timeout, headers: headers)
            return await queue.run(orAtEnd: Self.stopping) {
                probe.answer(to: question, of: check.name)
            }
        case .command(let name):
            guard let commands else {
                return .unknown("this server's setting gate_commands names no folder of programs")
            }
            let command = GateCommand(
                file: commands.appending(path: name.text), timeout: timeout)
            return await queue.run(orAtEnd: Self.stopping) {
                command.answer(to: question, of: check.name)
            }
        }
    }
}
