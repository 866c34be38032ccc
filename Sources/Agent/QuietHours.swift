public import Model

/// Hours of a week in which no image is fetched, in the device's own time.
public struct QuietHours: Hashable, Sendable {
    /// A day of the week; Monday is 0.
    public enum Day: Int, Hashable, Sendable, CaseIterable {
        case monday, tuesday, wednesday, thursday, friday, saturday, sunday
    }

    /// One span of hours, on each of some days.
    public struct Span: Hashable, Sendable {
        /// The days on which it begins.
        public let days: Set<Day>
        /// In minutes after midnight.
        public let from: Int
        /// In minutes after midnight; not after `from` is on the next day.
        public let to: Int

        /// `nil` when there are no days, or a time is not one of a day.
        public init?(days: Set<Day>, from: Int, to: Int) {
            let day = 0..<QuietHours.minutesOfDay
            guard !days.isEmpty, day.contains(from), day.contains(to) else { return nil }
            self.days = days
            self.from = from
            self.to = to
        }
    }

    /// Whether each minute of a week is quiet; empty when none is.
    private let isQuiet: [Bool]
    private let minutesEastOfUTC: Int

    private static let minutesOfDay = 1440
    private static let minutesOfWeek = 7 * minutesOfDay
    /// 1970-01-01 was a Thursday.
    private static let epochMinuteOfWeek = 3 * minutesOfDay

    /// No quiet hours.
    public static let none = QuietHours()

    private init() {
        isQuiet = []
        minutesEastOfUTC = 0
    }

    /// `nil` when no minute of the week is left, or the offset is not one that the world uses.
    ///
    /// - Parameter minutesEastOfUTC: Of the device's time, from -1440 to 1440; it does not follow
    ///   summer time.
    public init?(_ spans: [Span], minutesEastOfUTC: Int) {
        guard (-1440...1440).contains(minutesEastOfUTC) else { return nil }
        var isQuiet = Array(repeating: false, count: Self.minutesOfWeek)
        for span in spans {
            let length = (span.to - span.from + Self.minutesOfDay - 1) % Self.minutesOfDay + 1
            for day in span.days {
                let start = day.rawValue * Self.minutesOfDay + span.from
                for minute in start..<(start + length) {
                    isQuiet[minute % Self.minutesOfWeek] = true
                }
            }
        }
        guard isQuiet.contains(false) else { return nil }
        self.isQuiet = spans.isEmpty ? [] : isQuiet
        self.minutesEastOfUTC = minutesEastOfUTC
    }

    /// How long it stays quiet from `now` on; `nil` when it is not quiet.
    public func remaining(at now: Instant) -> Duration? {
        guard !isQuiet.isEmpty else { return nil }
        let week = Int64(Self.minutesOfWeek) * 60
        // In this order nothing overflows, whatever a broken clock says.
        let shift = Int64(Self.epochMinuteOfWeek + minutesEastOfUTC) * 60
        let second = ((now.secondsSinceEpoch % week + shift) % week + week) % week
        let start = Int(second / 60)
        let quiet = (0..<Self.minutesOfWeek).prefix {
            isQuiet[(start + $0) % Self.minutesOfWeek]
        }.count
        return quiet == 0 ? nil : .seconds(Int64(start + quiet) * 60 - second)
    }
}
