import Foundation
internal import Curl
internal import Model
internal import Wire

/// Follows one rollout on the screen until it rests.
struct RolloutWatch {
    let client: ManagementClient
    let name: String
    let form: Form

    enum Form: Hashable {
        /// Bars that are drawn over the old ones.
        case terminal
        case lines
        case json
    }

    /// How long a server may be away, as at a restart, before the watch gives up.
    private static let patienceSeconds = 60

    /// - Returns: The rollout when it is no longer running.
    func run() throws(SlipwayError) -> RolloutSummary {
        var shown: [String] = []
        var patience = Self.patienceSeconds * 2
        while true {
            let rollout: RolloutSummary
            do throws(SlipwayError) {
                rollout = try client.get("rollouts/\(URLPath.encode(name))")
                patience = Self.patienceSeconds * 2
            } catch {
                guard case .unreachable = error, patience > 0 else { throw error }
                patience -= 1
                Thread.sleep(forTimeInterval: 0.5)
                continue
            }
            let lines = lines(of: rollout)
            if lines != shown { show(lines, instead: shown) }
            shown = lines
            guard rollout.state == "running" else { return rollout }
            Thread.sleep(forTimeInterval: 0.5)
        }
    }

    private func lines(of rollout: RolloutSummary) -> [String] {
        switch form {
        case .json: [String(decoding: rollout.bytes, as: UTF8.self)]
        case .terminal: RolloutView(isTerminal: true).lines(of: rollout)
        case .lines: RolloutView(isTerminal: false).lines(of: rollout)
        }
    }

    private func show(_ lines: [String], instead old: [String]) {
        let isTerminal = form == .terminal
        // On a terminal the new lines are drawn over the old ones.
        if isTerminal, !old.isEmpty { say("\u{1b}[\(old.count)A", terminator: "") }
        for line in lines { say(isTerminal ? "\u{1b}[2K\(line)" : line) }
    }
}
