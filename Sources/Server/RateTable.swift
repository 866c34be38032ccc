/// Token buckets of very many callers in an amount of memory that is set beforehand.
///
/// Each bucket is the one moment at which it will be full again (the generic cell rate algorithm). A
/// bucket that is full need not be kept; when there is no room, the fullest of a few is forgotten, so
/// that whoever does most is remembered longest.
struct RateTable {
    private struct Bucket {
        var key: UInt64 = 0
        /// In nanoseconds of the clock; at most now when the bucket is full.
        var fullAt: Int64 = .min
    }

    private var buckets: [Bucket]
    /// Nanoseconds until a unit that was taken is there again.
    private let nanosecondsPerUnit: Int64
    /// Nanoseconds until a bucket that is empty is full.
    private let nanosecondsToFill: Int64

    /// Among so many neighbours one is chosen to be forgotten.
    private static let neighbourCount = 8

    /// - Parameters:
    ///   - units: How many a bucket holds, and how many come back in each `period`; at least 1.
    ///   - bucketCount: A multiple of 8.
    init(units: Int, per period: Duration, bucketCount: Int) {
        precondition(units >= 1 && bucketCount >= 8 && bucketCount % 8 == 0, "a table has room")
        nanosecondsPerUnit = max(1, period.nanoseconds / Int64(units))
        nanosecondsToFill = nanosecondsPerUnit * Int64(units)
        buckets = Array(repeating: Bucket(), count: bucketCount)
    }

    /// Nanoseconds until a unit can be taken; `nil` when one is there.
    func wait(_ key: UInt64, at now: Int64) -> Int64? {
        guard let index = place(of: key) else { return nil }
        let wait = buckets[index].fullAt - now + nanosecondsPerUnit - nanosecondsToFill
        return wait > 0 ? wait : nil
    }

    /// Takes a unit, also one that is not there yet; nobody owes more than one whole bucket.
    mutating func take(_ key: UInt64, at now: Int64) {
        let index = place(of: key) ?? fullest(besides: key)
        let since = buckets[index].key == key ? max(buckets[index].fullAt, now) : now
        buckets[index] = Bucket(
            key: key, fullAt: min(since + nanosecondsPerUnit, now + 2 * nanosecondsToFill))
    }

    private func neighbours(of key: UInt64) -> Range<Int> {
        let groups = UInt64(buckets.count / Self.neighbourCount)
        let first = Int(key % groups) * Self.neighbourCount
        return first..<first + Self.neighbourCount
    }

    private func place(of key: UInt64) -> Int? {
        neighbours(of: key).first { buckets[$0].key == key && buckets[$0].fullAt != .min }
    }

    private func fullest(besides key: UInt64) -> Int {
        let all = neighbours(of: key)
        return all.dropFirst().reduce(all.lowerBound) { best, next in
            buckets[next].fullAt < buckets[best].fullAt ? next : best
        }
    }
}

/// Keys that were noted, of which the longest unheard of are forgotten when there is no room.
struct NotedKeys {
    private var notes: [(key: UInt64, at: Int64)]

    private static let neighbourCount = 8

    /// - Parameter count: A multiple of 8.
    init(count: Int) {
        precondition(count >= 8 && count % 8 == 0, "there is room for keys")
        notes = Array(repeating: (0, .min), count: count)
    }

    func contains(_ key: UInt64) -> Bool { place(of: key) != nil }

    mutating func note(_ key: UInt64, at now: Int64) {
        let all = neighbours(of: key)
        let oldest = all.dropFirst().reduce(all.lowerBound) { best, next in
            notes[next].at < notes[best].at ? next : best
        }
        notes[place(of: key) ?? oldest] = (key, now)
    }

    mutating func forget(_ key: UInt64) {
        if let place = place(of: key) { notes[place] = (0, .min) }
    }

    private func neighbours(of key: UInt64) -> Range<Int> {
        let groups = UInt64(notes.count / Self.neighbourCount)
        let first = Int(key % groups) * Self.neighbourCount
        return first..<first + Self.neighbourCount
    }

    private func place(of key: UInt64) -> Int? {
        neighbours(of: key).first { notes[$0].key == key && notes[$0].at != .min }
    }
}

extension Duration {
    /// Rounded down; of what fits into 292 years.
    var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
