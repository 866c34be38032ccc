public import Agent
public import Model

/// Several checks, one after the other, all within the time that the old image has set.
///
/// That the update server can be reached is no check here, because it is always one: the agent
/// confirms a new image only when, after these, the server has answered its check-in in time.
public struct HealthChecks: HealthCheck {
    /// One check and its patience.
    public struct Entry {
        /// What a failure is told by.
        let name: String
        let check: any HealthCheck
        /// How long one try may take.
        let timeout: Duration
        /// How long after its first try it may fail and be tried again, each second, as services
        /// come up late; zero when the first verdict counts.
        let retryFor: Duration

        public init(
            name: String, check: any HealthCheck, timeout: Duration, retryFor: Duration
        ) {
            self.name = name
            self.check = check
            self.timeout = timeout
            self.retryFor = retryFor
        }
    }

    private let entries: [Entry]
    private let clock: any AgentClock
    private let pause: (Duration) -> Void

    private static let betweenTries = Duration.seconds(1)

    /// - Parameter pause: Lets time pass.
    public init(
        _ entries: [Entry], clock: any AgentClock, pause: @escaping (Duration) -> Void = Pause.wait
    ) {
        self.entries = entries
        self.clock = clock
        self.pause = pause
    }

    /// The sentence of the first check that fails names it.
    public func run(in slot: SlotName, within time: Duration) -> HealthVerdict {
        let deadline = clock.uptime + time
        for entry in entries {
            switch run(entry, in: slot, until: deadline) {
            case .healthy: continue
            case .unhealthy(let reason): return .unhealthy("\(entry.name): \(reason)")
            }
        }
        return .healthy
    }

    private func run(
        _ entry: Entry, in slot: SlotName, until deadline: Duration
    ) -> HealthVerdict {
        let lastTry = min(clock.uptime + entry.retryFor, deadline)
        var verdict = HealthVerdict.unhealthy("no time was left for it")
        while true {
            let left = deadline - clock.uptime
            guard left > .zero else { return verdict }
            verdict = entry.check.run(in: slot, within: min(entry.timeout, left))
            guard verdict != .healthy else {
                // A verdict from after the deadline is none: the old image knew how long to wait.
                return clock.uptime <= deadline ? .healthy : .unhealthy("it took too long")
            }
            guard clock.uptime + Self.betweenTries <= lastTry else { return verdict }
            pause(Self.betweenTries)
        }
    }
}
