public import Model

/// The moment before which it certainly is not; it never goes back.
///
/// A device without a battery wakes in 1970, and one whose clock was set back would take expired
/// metadata for fresh (a freeze attack). So the moment that counts is the latest of the clock's,
/// the build's, and that of the last refresh that succeeded.
public struct TimeFloor: Hashable, Sendable {
    public private(set) var earliest: Instant

    public init(earliest: Instant) { self.earliest = earliest }

    /// What counts as now (TUF 1.0.34 section 5.1).
    public func now(clock: Instant) -> Instant { max(clock, earliest) }

    /// Remembers the moment of a refresh that succeeded: nothing that it trusted had expired.
    public mutating func raise(to moment: Instant) { earliest = max(earliest, moment) }
}
