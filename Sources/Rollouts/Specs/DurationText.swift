/// The written form of durations: a whole number and one unit, such as `90s`, `30m`, `24h`, `14d`.
public enum DurationText {
    /// The longest duration that can be written: 366 days.
    public static let maximum = Duration.seconds(366 * 86_400)

    private static let units: [(letter: Character, seconds: Int64)] = [
        ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1),
    ]

    /// Returns `nil` unless `text` is such a number and unit and at most ``maximum``.
    public static func parse(_ text: String) -> Duration? {
        let digits = text.dropLast()
        guard let unit = units.first(where: { $0.letter == text.last }),
            (1...8).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int64(digits)
        else { return nil }
        let duration = Duration.seconds(number * unit.seconds)
        return duration <= maximum ? duration : nil
    }

    /// The largest unit that fits without a rest; fractions of a second are dropped.
    public static func write(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        for unit in units where seconds != 0 && seconds.isMultiple(of: unit.seconds) {
            return "\(seconds / unit.seconds)\(unit.letter)"
        }
        return "\(seconds)s"
    }
}
