package import JSON

/// As a device's configuration writes it.
extension FetchPolicy {
    package static let keys: Set<String> = [
        "quiet_hours", "utc_offset_minutes", "metered_maximum_bytes",
    ]

    package init(_ fields: JSONFields) throws(JSONShapeError) {
        let offset = try fields.optionalInteger("utc_offset_minutes", in: -1440...1440) ?? 0
        var spans: [QuietHours.Span] = []
        for element in try fields.optionalArray("quiet_hours", maximumCount: 64) ?? [] {
            spans.append(try QuietHours.Span(element.object()))
        }
        guard let quietHours = QuietHours(spans, minutesEastOfUTC: Int(offset)) else {
            throw fields.refused("quiet_hours", "spans that leave some minute of the week")
        }
        self.init(
            quietHours: quietHours,
            meteredMaximumBytes: try fields.optionalInteger(
                "metered_maximum_bytes", in: 0...Int64.max))
    }
}

extension QuietHours.Span {
    /// `{"days": ["mon"], "from": "22:00", "to": "06:00"}`; without days it is every day.
    fileprivate init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["days", "from", "to"])
        guard
            let span = QuietHours.Span(
                days: try Self.days(in: fields), from: try Self.minutes(fields, "from"),
                to: try Self.minutes(fields, "to"))
        else { throw fields.refused("days", "at least one day") }
        self = span
    }

    private static func days(in fields: JSONFields) throws(JSONShapeError) -> Set<QuietHours.Day> {
        guard let elements = try fields.optionalArray("days", maximumCount: 7) else {
            return Set(QuietHours.Day.allCases)
        }
        var days: Set<QuietHours.Day> = []
        for element in elements {
            guard case .string(let word) = element.value,
                let day = QuietHours.Day.allCases.first(where: { $0.word == word.text })
            else { throw JSONShapeError(path: element.path, expected: "a day such as mon") }
            days.insert(day)
        }
        return days
    }

    private static func minutes(
        _ fields: JSONFields, _ name: String
    ) throws(JSONShapeError) -> Int {
        let digits = Array(try fields.string(name).utf8)
        func number(_ tens: Int) -> Int? {
            let pair = digits[tens...(tens + 1)]
            guard pair.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            return pair.reduce(0) { $0 * 10 + Int($1) - 0x30 }
        }
        guard digits.count == 5, digits[2] == UInt8(ascii: ":"), let hour = number(0),
            let minute = number(3), hour < 24, minute < 60
        else { throw fields.refused(name, "a time such as 22:00") }
        return hour * 60 + minute
    }
}

extension QuietHours.Day {
    fileprivate var word: String {
        switch self {
        case .monday: "mon"
        case .tuesday: "tue"
        case .wednesday: "wed"
        case .thursday: "thu"
        case .friday: "fri"
        case .saturday: "sat"
        case .sunday: "sun"
        }
    }
}
