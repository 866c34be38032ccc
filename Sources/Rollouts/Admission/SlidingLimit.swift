public import Model

/// What was taken in the window that ends now: one row of one query.
///
/// `SELECT count(*), min(taken_at) FROM … WHERE taken_at > ?`, or `sum(bytes)` for the count,
/// with ``PaceUnit/opening(at:)``, over leases that are open and leases that have ended alike.
public struct RecentUse: Hashable, Sendable {
    /// Leases, or bytes.
    public let total: Int64
    /// When the first of it was taken.
    public let oldest: Instant

    public init(total: Int64, oldest: Instant) {
        precondition(total >= 0, "what was taken is counted from 0")
        self.total = total
        self.oldest = oldest
    }
}

/// Whether something more may be taken under a sliding limit.
public enum RateAnswer: Hashable, Sendable {
    case now
    /// Nothing can be taken before this moment, which is later than now; even then it may fail.
    case after(Instant)
    /// The one thing that is asked for is more than the whole limit.
    case never
}

/// At most so much in any window of one unit; the one place where such limits are decided.
struct SlidingLimit {
    /// Leases, or bytes.
    let most: Int64
    let unit: PaceUnit

    /// Whether `amount` more may be taken beside what was taken in the window that ends at `now`.
    ///
    /// Of the things in any one window, the last that was written down saw all others in its count.
    /// So no window holds more than was allowed when that one was taken, whatever clocks do, as
    /// long as the count and the taking are one transaction.
    ///
    /// - Parameter recent: `nil` when nothing was taken.
    func answer(taking amount: Int64, beside recent: RecentUse?, at now: Instant) -> RateAnswer {
        precondition(amount >= 0, "what is taken is counted from 0")
        guard amount <= most else { return .never }
        guard let recent, recent.total > most - amount else { return .now }
        let leaves = recent.oldest.advanced(by: .seconds(unit.seconds))
        return .after(max(leaves, now.advanced(by: .seconds(1))))
    }
}
