import ArgumentParser
import Foundation
internal import Model
internal import Rollouts

/// The time that counts for what is written.
enum WritingTime {
    /// The clock's, or SOURCE_DATE_EPOCH's, so that a build can be repeated byte for byte.
    static var now: Instant {
        let given = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap { Int64($0) }
        return given.map { Instant(secondsSinceEpoch: $0) } ?? clock
    }

    /// The clock's time, which alone decides what has expired.
    static var clock: Instant {
        Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970))
    }
}

/// How long metadata is valid, such as `180d`.
struct Lifetime: ExpressibleByArgument, CustomStringConvertible {
    let days: Int64

    init(days: Int64) { self.days = days }

    init?(argument: String) {
        guard argument.last == "d", let days = Int64(argument.dropLast()),
            (1...36_500).contains(days)
        else { return nil }
        self.days = days
    }

    var description: String { "\(days)d" }

    func end(from start: Instant) -> Instant { start.advanced(by: .seconds(days * 86_400)) }
}
