public import Model

/// The time zone database, as ``MaintenanceWindow`` needs it.
public protocol TimeZones: Sendable {
    /// How much a clock on the wall in `zone` is ahead of UTC; `nil` when there is no such zone.
    ///
    /// `zone` obeys ``ZoneName``, so it cannot lead out of a folder of zones.
    func secondsFromUTC(in zone: String, at instant: Instant) -> Int?
}

/// The rule for names of time zones, such as `Europe/Berlin`, `Etc/GMT+5` or `UTC`.
public enum ZoneName {
    /// The longest name, in bytes.
    public static let maximumByteCount = 64

    /// Whether `text` is 1 to 3 words between slashes.
    ///
    /// A word is a letter, then letters, digits or `_+-`.
    public static func allows(_ text: String) -> Bool {
        let words = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return text.utf8.count <= maximumByteCount && words.count <= 3
            && words.allSatisfy { word in
                word.first.map(isLetter) == true && word.allSatisfy(isInside)
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        default: false
        }
    }

    private static func isInside(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"),
            UInt8(ascii: "-"):
            true
        default: isLetter(byte)
        }
    }
}

/// The clock on the wall of one time zone.
struct LocalClock<Zones: TimeZones> {
    let zone: String
    let zones: Zones

    /// What a clock on the wall shows.
    struct Reading: Hashable {
        /// Days since 1970-01-01.
        let day: Int64
        /// Seconds since midnight, 0 to 86,399.
        let second: Int64
    }

    /// `nil` when the zone is not known, or is more than a day away from UTC, as none is.
    func offset(at instant: Instant) -> Int64? {
        guard let seconds = zones.secondsFromUTC(in: zone, at: instant),
            (-86_400...86_400).contains(seconds)
        else { return nil }
        return Int64(seconds)
    }

    func reading(at instant: Instant) -> Reading? {
        guard let offset = offset(at: instant) else { return nil }
        let wall = instant.advanced(by: .seconds(offset)).secondsSinceEpoch
        let rest = wall % 86_400
        return Reading(
            day: wall / 86_400 - (rest < 0 ? 1 : 0), second: rest < 0 ? rest + 86_400 : rest)
    }

    /// The first moment after `start`, and not after `end`, at which the clock is put on or back.
    ///
    /// Two changes that cancel each other between `start` and `end` are not seen, so these should
    /// be at most a day apart.
    func change(after start: Instant, until end: Instant) -> Instant? {
        let before = offset(at: start)
        guard offset(at: end) != before else { return nil }
        var (low, high) = (start, end)
        while case let gap = high.elapsed(since: low), gap > .seconds(1) {
            let middle = low.advanced(by: .seconds(gap.components.seconds / 2))
            if offset(at: middle) == before { low = middle } else { high = middle }
        }
        return high
    }
}
