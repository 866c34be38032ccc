import Model
import Testing

@Suite struct InstantTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_000_000_000, "2001-09-09T01:46:40Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (2_147_483_648, "2038-01-19T03:14:08Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (-62_167_219_200, "0000-01-01T00:00:00Z"),
        ] as [(Int64, String)])
    func isWrittenAndReadAsTUFAsks(seconds: Int64, text: String) {
        #expect(Instant(secondsSinceEpoch: seconds).description == text)
        #expect(Instant(text)?.secondsSinceEpoch == seconds)
    }

    @Test(arguments: [
        "", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01t00:00:00z", "1970-01-01 00:00:00Z",
        "1970-01-01T00:00:00+00:00", "1970-01-01T00:00:00.0Z", "1970-01-01T00:00Z",
        "70-01-01T00:00:00Z", "11970-01-01T00:00:00Z", "1970-1-01T000:00:00Z",
        "1970-00-01T00:00:00Z", "1970-13-01T00:00:00Z", "1970-01-00T00:00:00Z",
        "1970-01-32T00:00:00Z", "1970-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z", "2024-02-30T00:00:00Z", "2024-04-31T00:00:00Z",
        "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "2016-12-31T23:59:60Z",
        "-970-01-01T00:00:00Z", "+970-01-01T00:00:00Z", " 970-01-01T00:00:00Z",
        "1970:01:01T00-00-00Z", "1970-01-01T00:00:00X", "１970-01-01T00:00:0Z",
    ])
    func refuses(text: String) {
        #expect(Instant(text) == nil)
    }

    /// Every day of four centuries, which is when the calendar repeats itself.
    @Test func everyDayFollowsTheOneBefore() {
        let months = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        var day: Int64 = -25_567  // 1900-01-01
        for year in 1900..<2300 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for (month, count) in months.enumerated() {
                for date in 1...(count + (month == 1 && isLeap ? 1 : 0)) {
                    let text = "\(year)-\(two(month + 1))-\(two(date))T00:00:00Z"
                    guard Instant(text)?.secondsSinceEpoch == day * 86_400,
                        Instant(secondsSinceEpoch: day * 86_400).description == text
                    else {
                        Issue.record("\(text) is not day \(day)")
                        return
                    }
                    day += 1
                }
            }
        }
        #expect(day == -25_567 + 146_097)
    }

    @Test func everySecondOfADayComesBack() {
        for second in Int64(86_400)..<172_800 {
            let instant = Instant(secondsSinceEpoch: second)
            guard Instant(instant.description) == instant else {
                Issue.record("\(instant) does not come back")
                return
            }
        }
    }

    @Test(arguments: [Int64.min, -62_167_219_201, 253_402_300_800, Int64.max])
    func isClampedWhereTheWrittenFormEnds(seconds: Int64) {
        let text = Instant(secondsSinceEpoch: seconds).description
        #expect(text == (seconds < 0 ? "0000-01-01T00:00:00Z" : "9999-12-31T23:59:59Z"))
    }

    @Test func countsForwardsAndBackwards() {
        let instant = Instant(secondsSinceEpoch: 100)
        #expect(instant.advanced(by: .seconds(20)).secondsSinceEpoch == 120)
        #expect(instant.advanced(by: .seconds(-200)).secondsSinceEpoch == -100)
        #expect(instant.advanced(by: .milliseconds(1999)).secondsSinceEpoch == 101)
        #expect(instant.elapsed(since: Instant(secondsSinceEpoch: 40)) == .seconds(60))
        #expect(instant.elapsed(since: Instant(secondsSinceEpoch: 140)) == .seconds(-40))
        #expect(Instant(secondsSinceEpoch: 40) < instant)
    }

    @Test func saturatesInsteadOfTrapping() {
        let first = Instant(secondsSinceEpoch: .min)
        let last = Instant(secondsSinceEpoch: .max)
        #expect(last.advanced(by: .seconds(1)) == last)
        #expect(first.advanced(by: .seconds(-1)) == first)
        #expect(last.elapsed(since: first) == .seconds(Int64.max))
        #expect(first.elapsed(since: last) == .seconds(Int64.min))
    }
}
