public import Agent
public import Model

/// A unit of systemd that is healthy when it is active; one that still starts is waited for.
///
/// A unit that runs once and ends is active only with `RemainAfterExit=yes`.
public struct SystemdHealthCheck: HealthCheck {
    private let unit: String
    private let systemctl: [String]
    private let clock: any AgentClock
    private let pause: (Duration) -> Void

    /// - Parameter systemctl: The program that speaks to systemd, and its first arguments.
    public init(
        unit: String, systemctl: [String] = ["systemctl"], clock: any AgentClock,
        pause: @escaping (Duration) -> Void = Pause.wait
    ) {
        self.unit = unit
        self.systemctl = systemctl
        self.clock = clock
        self.pause = pause
    }

    public func run(in slot: SlotName, within time: Duration) -> HealthVerdict {
        let deadline = clock.uptime + time
        while true {
            let left = deadline - clock.uptime
            guard left > .zero else {
                return .unhealthy("it was still starting after \(time.components.seconds) s")
            }
            let properties: [String: String]
            do { properties = try self.properties(within: left) } catch {
                return .unhealthy("systemd cannot be asked: \(error)")
            }
            if let verdict = verdict(properties) { return verdict }
            pause(min(.seconds(1), left))
        }
    }

    private func properties(within time: Duration) throws(SlotError) -> [String: String] {
        let question = ["show", "--property=LoadState,ActiveState,SubState,Result", "--", unit]
        let output = try Command.answer(
            of: systemctl + question, to: [], timeout: time, maximumByteCount: 4096)
        var properties: [String: String] = [:]
        for line in String(decoding: output, as: UTF8.self).split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            properties[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
        return properties
    }

    /// `nil` while it starts.
    private func verdict(_ properties: [String: String]) -> HealthVerdict? {
        if properties["LoadState"] == "not-found" { return .unhealthy("there is no such unit") }
        switch properties["ActiveState"] {
        case "active": return .healthy
        case "activating", "reloading", "refreshing": return nil
        case let state:
            let details = [properties["SubState"], properties["Result"]].compactMap { $0 }
            return .unhealthy(
                "it is \(state ?? "in no state") (\(details.joined(separator: ", ")))")
        }
    }
}
