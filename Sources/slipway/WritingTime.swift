import ArgumentParser
import Foundation
internal import Model
internal import Rollouts

/// The time that counts for what is written.
enum WritingTime {
    /// The clock's, or SOURCE_DATE_EPOCH's, so that a build can be repeated byte for byte.
    static var now: Instant {
        get throws(SlipwayError) {
            let name = "SOURCE_DATE_EPOCH"
            guard let text = ProcessInfo.processInfo.environment[name] else { return clock }
            guard let seconds = Int64(text), seconds >= 0 else {
                throw .badInput(path: name, problem: "expected seconds since 1970")
            }
            return Instant(secondsSinceEpoch: seconds)
        }
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
