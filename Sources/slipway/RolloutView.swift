internal import Model
internal import Wire

/// How a rollout looks in text: one line for it, and one for each wave.
struct RolloutView {
    /// Whether to draw bars; a log is better served by plain numbers.
    let isTerminal: Bool

    private static let barWidth = 30

    func lines(of rollout: RolloutSummary) -> [String] {
        let reason = rollout.reason.isEmpty ? "" : ": \(rollout.reason)"
        let title = "\(rollout.name)  \(rollout.release)  \(rollout.state)\(reason)"
        var reached = 0
        let waves = rollout.waves.enumerated().map { index, wave in
            let added = max(wave.devices - reached, 0)
            reached = max(reached, wave.devices)
            let isOpen = rollout.wave.map { index <= $0 } ?? (rollout.state == "completed")
            return line(of: wave, addedDevices: added, isOpen: isOpen)
        }
        let failures = rollout.failures.map { "\($0.devices) \($0.kind.rawValue)" }
        let classes = failures.isEmpty ? [] : ["    failed: \(failures.joined(separator: ", "))"]
        return ([title] + waves + classes).map(\.visible)
    }

    private func line(
        of wave: RolloutSummary.Wave, addedDevices: Int, isOpen: Bool
    ) -> String {
        let name = wave.name + String(repeating: " ", count: max(0, 12 - wave.name.count))
        let numbers =
            "\(wave.proven) proven, \(wave.failed) failed, \(wave.offered) under way"
            + (wave.retrying > 0 ? ", \(wave.retrying) to be tried again" : "")
            + " of \(addedDevices)"
        let mark = isOpen ? ">" : " "
        guard isTerminal else { return "  \(mark) \(name) \(numbers)" }
        return "  \(mark) \(name) \(bar(wave, of: addedDevices)) \(numbers)"
    }

    private func bar(_ wave: RolloutSummary.Wave, of devices: Int) -> String {
        let total = max(devices, wave.proven + wave.failed + wave.offered, 1)
        let proven = wave.proven * Self.barWidth / total
        let failed = (wave.proven + wave.failed) * Self.barWidth / total - proven
        let offered = (wave.proven + wave.failed + wave.offered) * Self.barWidth / total
        return "["
            + String(repeating: "█", count: proven) + String(repeating: "✗", count: failed)
            + String(repeating: "░", count: offered - proven - failed)
            + String(repeating: " ", count: Self.barWidth - offered) + "]"
    }
}

/// How a plan looks in text.
enum PlanView {
    static func show(_ plan: PlanSummary) {
        say("\(plan.name)  \(plan.release)  plan \(plan.digest)")
        for wave in plan.waves {
            say("  \(wave.name): \(wave.target), \(wave.devices) devices, soak \(wave.soak)")
        }
        for exclusion in plan.excluded {
            say("  left out: \(exclusion.devices) devices \(exclusion.reason)")
        }
        say("  \(plan.bytes) bytes to be sent in all")
        for note in plan.notes { say("  - \(note.visible)") }
    }
}

extension RolloutSummary {
    var proven: Int { waves.reduce(0) { $0 + $1.proven } }
    var failed: Int { waves.reduce(0) { $0 + $1.failed } }
}
