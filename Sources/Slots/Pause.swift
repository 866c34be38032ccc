internal import Glibc

/// Time that passes with nothing done.
public enum Pause {
    /// Blocks for so long; at most an hour, so that a wrong number cannot stop the agent for good.
    public static func wait(_ duration: Duration) {
        _ = poll(nil, 0, milliseconds(of: min(duration, .seconds(3600))))
    }

    /// What poll(2) takes, rounded up, so that nobody asks again too early; never for ever.
    static func milliseconds(of duration: Duration) -> Int32 {
        let parts = duration.components
        let milliseconds =
            min(max(0, parts.seconds), 1_000_000) * 1000
            + max(0, (parts.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
        return Int32(milliseconds)
    }
}
