import Foundation
internal import Wire

/// Power cuts in the middle of a rollout of a large image.
extension DemoStory {
    /// Agents that are killed while they download.
    private static let victimCount = 4

    func rollOutThroughCrashes() throws {
        let large = try large()
        step(
            7,
            "\(large.release) (\(Self.largeByteCount >> 20) MiB), with the power cut again and again"
        )
        try start("large", large.release)

        try world.observe("somebody downloads") { !downloading().isEmpty }
        world.killServer()
        let state = "devices that downloaded then: \(downloading().count)"
        try world.startServer()
        let after = try world.rollout("large")
        ledger.note(
            7, "the server was killed and came back where it was", "\(state); \(after.state)",
            holds: after.state == "running")

        let victims = try killAgents()
        ledger.note(
            7, "agents were killed in the middle of a download",
            victims.keys.sorted().joined(separator: " "),
            holds: victims.count == Self.victimCount)

        let code = try world.watch("large")
        let rollout = try world.rollout("large")
        ledger.note(
            7, "the rollout completed all the same", rollout.state,
            holds: code == 0 && rollout.state == "completed")
        let resumed = world.machines.filter { victims[$0.id] != nil }.count { machine in
            // The agent says so when it goes on from bytes that were there before.
            machine.words.contains("resumes")
        }
        ledger.note(
            7, "the killed agents went on from the bytes they had",
            "\(resumed) of \(victims.count)",
            holds: resumed == victims.count)
        try noteAllRun(large, step: 7)
    }

    private func downloading() -> [DemoMachine] {
        world.machines.filter { ($0.durableBytes ?? 0) > 0 }
    }

    /// Kills agents, each while some but not all of its image is durable.
    private func killAgents() throws -> [String: Int64] {
        var victims: [String: Int64] = [:]
        try world.observe("\(Self.victimCount) agents caught in a download") {
            for machine in downloading() where victims[machine.id] == nil {
                guard victims.count < Self.victimCount, let pid = machine.agentPid,
                    let bytes = machine.durableBytes, bytes < Self.largeByteCount
                else { continue }
                kill(pid, SIGKILL)
                victims[machine.id] = bytes
            }
            return victims.count == Self.victimCount
        }
        return victims
    }
}
