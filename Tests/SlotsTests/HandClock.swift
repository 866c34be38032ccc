import Agent
import Model

/// A clock that somebody turns by hand.
final class HandClock: AgentClock {
    var now = Instant(secondsSinceEpoch: 1_000_000)
    private(set) var uptime = Duration.seconds(100)
    /// The times that were waited.
    private(set) var pauses: [Duration] = []

    func pass(_ duration: Duration) {
        uptime += duration
        now = now.advanced(by: duration)
    }

    func pause(_ duration: Duration) {
        pauses.append(duration)
        pass(duration)
    }
}
