public import Agent
public import Model
internal import Glibc

/// The machine's clocks.
public struct SystemClock: AgentClock, Sendable {
    private let start: Duration

    /// The clock of the machine since it booted.
    public init() { start = .zero }

    /// The clock of a machine that is a process, and booted when that began.
    public static var ofThisProcess: SystemClock {
        SystemClock(start: reading(CLOCK_BOOTTIME))
    }

    private init(start: Duration) { self.start = start }

    public var now: Instant {
        Instant(secondsSinceEpoch: Self.reading(CLOCK_REALTIME).components.seconds)
    }

    /// Time in which the machine sleeps counts.
    public var uptime: Duration { Self.reading(CLOCK_BOOTTIME) - start }

    private static func reading(_ clock: clockid_t) -> Duration {
        var time = timespec()
        guard unsafe clock_gettime(clock, &time) == 0 else {
            preconditionFailure("Linux has the clock \(clock)")
        }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
