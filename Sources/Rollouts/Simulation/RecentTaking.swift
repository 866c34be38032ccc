internal import Model

/// What was taken, and how much of it within the window of one unit that ends now.
struct RecentTaking {
    let unit: PaceUnit
    private var entries: [(time: Instant, amount: Int64)] = []
    private var head = 0
    private var total: Int64 = 0

    init(unit: PaceUnit) { self.unit = unit }

    /// - Precondition: Time does not run back.
    mutating func take(_ amount: Int64, at now: Instant) {
        entries.append((now, amount))
        total += amount
    }

    /// Forgets what is older than the window that ends at `now`.
    mutating func turn(to now: Instant) {
        let opening = unit.opening(at: now)
        while head < entries.count, entries[head].time <= opening {
            total -= entries[head].amount
            head += 1
        }
    }

    /// What is left since the last turn; `nil` when there is nothing.
    var use: RecentUse? {
        guard head < entries.count else { return nil }
        return RecentUse(total: total, oldest: entries[head].time)
    }
}
