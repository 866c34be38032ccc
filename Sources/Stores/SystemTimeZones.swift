import Foundation
public import Model
public import Rollouts

/// The time zones that the operating system knows.
public struct SystemTimeZones: TimeZones {
    public init() {}

    public func secondsFromUTC(in zone: String, at instant: Instant) -> Int? {
        TimeZone(identifier: zone)?.secondsFromGMT(
            for: Date(timeIntervalSince1970: TimeInterval(instant.secondsSinceEpoch)))
    }
}
