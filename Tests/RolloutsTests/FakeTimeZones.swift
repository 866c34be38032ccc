import Model
import Rollouts
import Testing

/// A few time zones with the rules that matter to tests; every other name is not known.
struct FakeTimeZones: TimeZones {
    /// The offset until the first change, and the changes in order.
    private let rules: [String: (first: Int, changes: [(at: Instant, offset: Int)])]

    init() throws {
        func moment(_ text: String) throws -> Instant { try #require(Instant(text)) }
        rules = [
            "UTC": (0, []),
            // The rules of 2026: summer time from 02:00 to 03:00 and back from 03:00 to 02:00.
            "Europe/Berlin": (
                3600,
                [
                    (try moment("2026-03-29T01:00:00Z"), 7200),
                    (try moment("2026-10-25T01:00:00Z"), 3600),
                ]
            ),
            // Half an hour, in the southern summer.
            "Australia/Lord_Howe": (
                39_600,
                [
                    (try moment("2026-04-04T15:00:00Z"), 37_800),
                    (try moment("2026-10-03T15:30:00Z"), 39_600),
                ]
            ),
            // The clock is put on from midnight and back to the day before, as in Cairo.
            "Test/Midnight": (
                7200,
                [
                    (try moment("2026-04-23T22:00:00Z"), 10_800),
                    (try moment("2026-10-29T21:00:00Z"), 7200),
                ]
            ),
            // A whole day is left out, as on Samoa in 2011.
            "Pacific/Apia": (-36_000, [(try moment("2011-12-30T10:00:00Z"), 50_400)]),
            // Nobody knows what this zone does from its first change on.
            "Test/Ends": (0, [(try moment("2026-06-01T00:00:00Z"), .max)]),
        ]
    }

    func secondsFromUTC(in zone: String, at instant: Instant) -> Int? {
        guard let rule = rules[zone] else { return nil }
        return rule.changes.last { $0.at <= instant }?.offset ?? rule.first
    }
}
