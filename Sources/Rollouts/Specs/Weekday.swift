/// A day of the week, with the word that rollout files have for it.
public enum Weekday: String, Hashable, Sendable, CaseIterable {
    case monday = "mon"
    case tuesday = "tue"
    case wednesday = "wed"
    case thursday = "thu"
    case friday = "fri"
    case saturday = "sat"
    case sunday = "sun"

    /// The weekday of a day that is counted from 1970-01-01, a Thursday.
    init(daysSinceEpoch days: Int64) {
        let sinceThursday = (days % 7 + 7) % 7
        self = Self.allCases[Int(sinceThursday + 3) % 7]
    }
}

/// The written form of sets of weekdays: `daily`, `sat,sun`, `mon-fri` or `sat-mon,wed`.
public enum WeekdaysText {
    /// The longest text that is read, in bytes.
    public static let maximumByteCount = 64

    /// Returns `nil` unless `text` names at least one day.
    ///
    /// A range may run over the end of the week. One that ends on the day on which it begins is
    /// refused, because it could mean one day or all seven.
    public static func parse(_ text: String) -> Set<Weekday>? {
        guard text.utf8.count <= maximumByteCount else { return nil }
        guard text != "daily" else { return Set(Weekday.allCases) }
        var days: Set<Weekday> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let range = range(part) else { return nil }
            days.formUnion(range)
        }
        return days
    }

    /// `daily`, or every day by itself, Monday first.
    public static func write(_ days: Set<Weekday>) -> String {
        guard days.count < Weekday.allCases.count else { return "daily" }
        return Weekday.allCases.filter(days.contains).map(\.rawValue).joined(separator: ",")
    }

    private static func range(_ text: Substring) -> [Weekday]? {
        let days = Weekday.allCases
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { word in
            days.firstIndex { $0.rawValue == word }
        }
        switch (ends.count, ends.first, ends.last) {
        case (1, let day??, _): return [days[day]]
        case (2, let first??, let last??) where first != last:
            let steps = (last - first + days.count) % days.count
            return (0...steps).map { days[(first + $0) % days.count] }
        default: return nil
        }
    }
}
