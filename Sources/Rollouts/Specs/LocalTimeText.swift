/// The written form of times of day: `HH:MM` on a clock of 24 hours.
enum LocalTimeText {
    /// The minutes after midnight, 0 to 1440; `nil` unless `text` is from `00:00` to `24:00`.
    static func parse(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }),
            let hours = WholeNumber.parse(parts[0], maximumDigits: 2),
            let minutes = WholeNumber.parse(parts[1], maximumDigits: 2), minutes < 60
        else { return nil }
        let sum = hours * 60 + minutes
        return sum <= 1440 ? sum : nil
    }

    static func write(_ minutes: Int) -> String {
        "\(minutes / 600)\(minutes / 60 % 10):\(minutes % 60 / 10)\(minutes % 10)"
    }
}
