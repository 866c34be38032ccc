public import Model

/// When a device that got no lease should ask again, so that a fleet never asks all at once.
///
/// Every device owns one second of a period that all waiting devices share, and is sent there.
/// So it does not matter when they asked before, not even after an outage that they all sat out.
public struct LeasePacing: Hashable, Sendable {
    /// How many devices the server answers in a second without strain; at least 1.
    public let arrivalsPerSecond: Int
    /// The lengths that a period may have, in seconds; the longest goes before the strain.
    public let periodSeconds: ClosedRange<Int>

    /// Returns `nil` unless there is at least 1 arrival a second and 1 to 86,400 s of period.
    public init?(arrivalsPerSecond: Int, periodSeconds: ClosedRange<Int>) {
        guard arrivalsPerSecond >= 1, periodSeconds.lowerBound >= 1,
            periodSeconds.upperBound <= 86_400
        else { return nil }
        self.arrivalsPerSecond = arrivalsPerSecond
        self.periodSeconds = periodSeconds
    }

    /// How long the device should wait: from one second to one period.
    ///
    /// - Parameter bucket: The device's place in the rollout that it waits for.
    /// - Parameter waiting: How many devices wait for a lease.
    /// - Parameter freePlaces: How many leases could be taken now.
    public func pause(
        for bucket: Bucket, at now: Instant, waiting: Int, freePlaces: Int
    ) -> Duration {
        let period = period(waiting: waiting, freePlaces: freePlaces)
        return Self.pause(for: bucket, at: now, period: Int64(period))
    }

    /// How long a device should wait that can take a lease from `moment` on, and not before.
    ///
    /// Such devices come in a period after it, each in its own second: a window that opens, or a
    /// rate that allows more, lets in many at once.
    ///
    /// - Parameter waiting: How many devices wait for the same moment at most.
    /// - Parameter freePlaces: How many leases can be taken then at most.
    public func pause(
        for bucket: Bucket, at now: Instant, notBefore moment: Instant, waiting: Int,
        freePlaces: Int
    ) -> Duration {
        let period = UInt64(period(waiting: waiting, freePlaces: freePlaces))
        let turn = Int64(bucket.value % period)
        return max(.zero, moment.elapsed(since: now)) + .seconds(turn + 1)
    }

    /// How long a device should wait that waits for nothing: from one second to `seconds`.
    ///
    /// It has a second of its own there, too, so that a fleet that came at once is spread after one
    /// pause, and stays so.
    public static func idlePause(
        for bucket: Bucket, at now: Instant, every seconds: Int
    ) -> Duration {
        seconds < 1 ? .zero : pause(for: bucket, at: now, period: Int64(seconds))
    }

    /// How long it is to the device's own second of a period; a whole one when that is now.
    private static func pause(for bucket: Bucket, at now: Instant, period: Int64) -> Duration {
        // A wave holds the devices with small buckets, so only the remainder is spread evenly.
        let turn = Int64(bucket.value % UInt64(period))
        let wait = (turn - now.secondsSinceEpoch % period + 2 * period) % period
        return .seconds(wait == 0 ? period : wait)
    }

    /// So long that the server is not strained, and that in each shortest period about as many
    /// devices come as there are places.
    func period(waiting: Int, freePlaces: Int) -> Int {
        precondition(waiting >= 0 && freePlaces >= 0, "devices and places are counted from 0")
        let unstrained = waiting / arrivalsPerSecond
        let (fair, overflow) = waiting.multipliedReportingOverflow(by: periodSeconds.lowerBound)
        let useful = overflow ? .max : fair / max(1, freePlaces)
        return min(max(unstrained, useful, periodSeconds.lowerBound), periodSeconds.upperBound)
    }
}
