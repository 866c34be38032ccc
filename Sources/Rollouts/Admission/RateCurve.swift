public import Model

/// How fast leases may be taken: the more devices are proven, the faster.
///
/// `{ start: 60/min, factor: 2, every: 500 confirmed, max: 5000/min }` allows 60 in any minute
/// until 500 devices are confirmed, then 120, from 1000 on 240, and at last 5000.
public struct RateCurve: Hashable, Sendable {
    public let start: Rate
    /// What each step multiplies the rate by; 1 to 100, where 1 never changes it.
    public let factor: Int
    /// How many confirmed devices make one step; 1 to 1,000,000.
    public let step: Int
    /// At least ``start``, over the same unit.
    public let largest: Rate

    static let factors = 1...100
    static let steps = 1...1_000_000

    /// Reads the members as a rollout file writes them.
    ///
    /// - Throws: ``LimitError`` with one of its five cases about rates.
    public init(
        start: String, factor: Int, every: String, max: String
    ) throws(LimitError) {
        guard let startRate = Rate(start) else { throw .startRate(found: start) }
        guard Self.factors.contains(factor) else { throw .factor(found: factor) }
        guard let step = Self.step(every) else { throw .step(found: every) }
        guard let largest = Rate(max) else { throw .largestRate(found: max) }
        guard startRate.unit == largest.unit, startRate.count <= largest.count else {
            throw .rateShrinks(start: startRate, largest: largest)
        }
        self.start = startRate
        self.factor = factor
        self.step = step
        self.largest = largest
    }

    /// The rate that holds once so many devices are confirmed; it never falls as they grow.
    public func allowance(confirmed: Int) -> Rate {
        precondition(confirmed >= 0, "devices are counted from 0")
        guard factor > 1 else { return start }
        var count = start.count
        var stepsLeft = confirmed / step
        while stepsLeft > 0, count < largest.count {
            // Both are at most a million and a hundred, so this cannot overflow.
            count *= factor
            stepsLeft -= 1
        }
        return Rate(count: min(count, largest.count), unit: start.unit) ?? largest
    }

    /// Whether one more lease may be taken.
    ///
    /// - Parameter recent: The leases in the window of ``start``'s unit that ends at `now`; `nil`
    ///   when there are none.
    /// - Returns: Never ``RateAnswer/never``, because a rate is at least 1.
    public func mayTake(confirmed: Int, recent: RecentUse?, at now: Instant) -> RateAnswer {
        let rate = allowance(confirmed: confirmed)
        return SlidingLimit(most: Int64(rate.count), unit: rate.unit)
            .answer(taking: 1, beside: recent, at: now)
    }

    private static func step(_ text: String) -> Int? {
        let suffix = " confirmed"
        guard text.hasSuffix(suffix),
            let step = WholeNumber.parse(text.dropLast(suffix.count), maximumDigits: 7),
            steps.contains(step)
        else { return nil }
        return step
    }
}
