import Model
import Rollouts
import Testing

/// Compares windows with a clock that is read minute by minute.
@Suite struct MaintenanceWindowOracleTests {
    struct Row: Sendable {
        let days: String
        /// The same days as numbers; Monday is 0.
        let numbers: [Int]
        let from: Int
        let to: Int

        init(_ days: String, _ numbers: [Int], _ from: Int, _ to: Int) {
            self.days = days
            self.numbers = numbers
            self.from = from
            self.to = to
        }

        var sentence: String { "\(days) \(from)-\(to)" }

        func window(_ zone: String) throws -> MaintenanceWindow {
            func text(_ minutes: Int) -> String {
                let padded = [minutes / 60, minutes % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
                return padded.joined(separator: ":")
            }
            return try MaintenanceWindow(days: days, from: text(from), to: text(to), zone: zone)
        }

        /// For each minute of a local week, from Monday on, whether the window holds it.
        var week: [Bool] {
            var week = Array(repeating: false, count: 10_080)
            for day in numbers {
                for minute in from..<(to > from ? to : to + 1440) {
                    week[(day * 1440 + minute) % 10_080] = true
                }
            }
            return week
        }
    }

    static let rows: [Row] = [
        Row("daily", [0, 1, 2, 3, 4, 5, 6], 60, 300), Row("sun", [6], 120, 180),
        Row("sun", [6], 130, 170), Row("sun", [6], 150, 240), Row("sun", [6], 60, 150),
        Row("sat", [5], 1320, 150), Row("sat-mon", [5, 6, 0], 1380, 60),
        Row("mon-fri", [0, 1, 2, 3, 4], 60, 300), Row("sun", [6], 180, 180),
        Row("thu,fri", [3, 4], 0, 1440), Row("fri", [4], 0, 45), Row("thu", [3], 1410, 1425),
        Row("daily", [0, 1, 2, 3, 4, 5, 6], 0, 0), Row("sat,mon", [5, 0], 1439, 0),
    ]

    /// A zone, and a moment at which its clock is put on or back.
    static let changes = [
        ("Europe/Berlin", "2026-03-29T01:00:00Z"), ("Europe/Berlin", "2026-10-25T01:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
        ("Test/Midnight", "2026-04-23T22:00:00Z"), ("Test/Midnight", "2026-10-29T21:00:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z"), ("UTC", "1969-12-31T23:59:00Z"),
    ]

    @Test(arguments: changes)
    func agreesWithAClockOnTheWall(zone: String, change: String) throws {
        let zones = try FakeTimeZones()
        let start = try #require(Instant(change)).secondsSinceEpoch - 36 * 3600
        let clock = Self.minutesOfWeek(from: start, count: 25 * 1440, zone: zone, zones)
        for row in Self.rows {
            let week = row.week
            let readings = clock.map { week[$0] }
            try Self.compare(row, zone: zone, zones, start: start, readings: readings)
        }
    }

    /// Asks every few minutes of the three days around the change, and every minute close to it.
    private static func compare(
        _ row: Row, zone: String, _ zones: FakeTimeZones, start: Int64, readings: [Bool]
    ) throws {
        let window = try row.window(zone)
        let nextChange = nextChanges(in: readings)
        var seconds = SplitMix64(seed: 1)
        for minute in 0..<(72 * 60) where minute % 9 == 0 || (2100..<2260).contains(minute) {
            let second = minute.isMultiple(of: 2) ? 0 : Int64.random(in: 0..<60, using: &seconds)
            let now = at(start + Int64(minute) * 60 + second)
            let changes = nextChange[minute].map { at(start + Int64($0) * 60) }
            let end = now.advanced(by: .seconds(22 * 86_400))
            switch window.isOpen(at: now, for: .none, zones: zones) {
            case .open(let until) where readings[minute] && (changes ?? end) < end:
                #expect(until == changes, "\(row.sentence) at \(now)")
            case .open(let until) where readings[minute]:
                #expect(until >= end, "\(row.sentence) at \(now)")
            case .closed(let opens) where !readings[minute]:
                #expect(opens == changes, "\(row.sentence) at \(now)")
            case .open, .closed, .unknown:
                Issue.record("\(row.sentence) is wrong at \(now)")
            }
        }
    }

    /// What the clock shows in each minute from `start` on, in minutes since Monday's midnight.
    private static func minutesOfWeek(
        from start: Int64, count: Int, zone: String, _ zones: FakeTimeZones
    ) -> [Int] {
        // 1969-12-29 was a Monday; 10,000 weeks earlier keeps the numbers positive.
        let monday: Int64 = -3 * 86_400 - 10_000 * 604_800
        return (0..<count).map { minute in
            let moment = start + Int64(minute) * 60
            guard let offset = zones.secondsFromUTC(in: zone, at: at(moment)) else {
                preconditionFailure("the test knows its zones")
            }
            return Int((moment + Int64(offset) - monday) / 60 % 10_080)
        }
    }

    /// For each minute, the next one whose reading differs from its own.
    private static func nextChanges(in readings: [Bool]) -> [Int?] {
        var next: [Int?] = Array(repeating: nil, count: readings.count)
        for minute in readings.indices.dropLast().reversed() {
            next[minute] =
                readings[minute] == readings[minute + 1] ? next[minute + 1] : minute + 1
        }
        return next
    }
}
