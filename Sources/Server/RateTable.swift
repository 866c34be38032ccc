/// Token buckets of very many callers in an amount of memory that is set beforehand.
///
/// Each bucket is the one moment at which it will be full again (the generic cell rate algorithm). A
/// bucket that is full need not be kept; when there is no room, the fullest of a few is forgotten, so
/// that whoever does most is remembered longest.
struct RateTable {
    /// When each bucket will be full again, in nanoseconds of the clock.
    private var fullAt: KeyedMoments
    /// Nanoseconds until a unit that was taken is there again.
    private let nanosecondsPerUnit: Int64
    /// Nanoseconds until a bucket that is empty is full.
    private let nanosecondsToFill: Int64

    /// - Parameters:
    ///   - units: How many a bucket holds, and how many come back in each `period`; at least 1.
    ///   - bucketCount: A multiple of 8.
    init(units: Int, per period: Duration, bucketCount: Int) {
        precondition(units >= 1, "a bucket holds something")
        nanosecondsPerUnit = max(1, period.nanoseconds / Int64(units))
        nanosecondsToFill = nanosecondsPerUnit * Int64(units)
        fullAt = KeyedMoments(count: bucketCount)
    }

    /// Nanoseconds until a unit can be taken; `nil` when one is there.
    func wait(_ key: UInt64, at now: Int64) -> Int64? {
        guard let fullAt = fullAt[key] else { return nil }
        let wait = fullAt - now + nanosecondsPerUnit - nanosecondsToFill
        return wait > 0 ? wait : nil
    }

    /// Takes a unit, also one that is not there yet; nobody owes more than one whole bucket.
    mutating func take(_ key: UInt64, at now: Int64) {
        let since = max(fullAt[key] ?? now, now)
        fullAt[key] = min(since + nanosecondsPerUnit, now + 2 * nanosecondsToFill)
    }
}

/// A moment for each of very many keys, of which the earliest is forgotten when there is no room.
struct KeyedMoments {
    private var entries: [(key: UInt64, at: Int64)]

    /// No moment at all.
    private static let never = Int64.min
    /// Among so many neighbours one is chosen to be forgotten.
    private static let neighbourCount = 8

    /// - Parameter count: A multiple of 8.
    init(count: Int) {
        precondition(count >= 8 && count % 8 == 0, "there is room for keys")
        entries = Array(repeating: (0, Self.never), count: count)
    }

    subscript(key: UInt64) -> Int64? {
        get { place(of: key).map { entries[$0].at } }
        set {
            guard let newValue else {
                if let place = place(of: key) { entries[place] = (0, Self.never) }
                return
            }
            entries[place(of: key) ?? earliest(besides: key)] = (key, newValue)
        }
    }

    private func neighbours(of key: UInt64) -> Range<Int> {
        let groups = UInt64(entries.count / Self.neighbourCount)
        let first = Int(key % groups) * Self.neighbourCount
        return first..<first + Self.neighbourCount
    }

    private func place(of key: UInt64) -> Int? {
        neighbours(of: key).first { entries[$0].key == key && entries[$0].at != Self.never }
    }

    private func earliest(besides key: UInt64) -> Int {
        let all = neighbours(of: key)
        return all.dropFirst().reduce(all.lowerBound) { best, next in
            entries[next].at < entries[best].at ? next : best
        }
    }
}

extension Duration {
    /// Rounded down; of what fits into 292 years.
    var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
