import Model
import Rollouts
import Testing

@Suite struct MaintenanceWindowTests {
    static func window(
        _ days: String, _ from: String, _ to: String, _ zone: String = "Europe/Berlin"
    ) throws -> MaintenanceWindow {
        try MaintenanceWindow(days: days, from: from, to: to, zone: zone)
    }

    static func moment(_ text: String) throws -> Instant { try #require(Instant(text)) }

    private static func answer(
        _ window: MaintenanceWindow, _ now: String, _ device: [String: String] = [:]
    ) throws -> WindowAnswer {
        try window.isOpen(at: moment(now), for: Attributes(device), zones: FakeTimeZones())
    }

    // MARK: reading

    static let days: [(String, Set<Weekday>)] = [
        ("daily", Set(Weekday.allCases)), ("mon", [.monday]), ("sat,sun", [.saturday, .sunday]),
        ("mon-fri", [.monday, .tuesday, .wednesday, .thursday, .friday]),
        ("sat-mon", [.saturday, .sunday, .monday]),
        ("sun-mon,wed", [.sunday, .monday, .wednesday]),
        ("tue-mon", Set(Weekday.allCases)), ("mon,mon", [.monday]),
    ]

    @Test(arguments: days)
    func readsDays(text: String, days: Set<Weekday>) throws {
        let window = try Self.window(text, "01:00", "05:00")
        #expect(window.days == days)
        #expect(WeekdaysText.parse(WeekdaysText.write(days)) == days)
    }

    @Test(arguments: [
        "", ",", "mon,", "-", "mon-", "-fri", "mon-mon", "mon-tue-wed", "Mon", "monday", "mon, tue",
        "mon;tue", "daily,mon", "every", "mon\u{301}", String(repeating: "mon,", count: 20) + "mon",
    ])
    func refusesDays(text: String) {
        #expect(throws: WindowError.days(found: text)) { try Self.window(text, "01:00", "05:00") }
    }

    @Test func readsTimesAndZones() throws {
        let window = try Self.window("mon-tue", "22:05", "24:00", "device")
        #expect(window.fromMinutes == 1325)
        #expect(window.toMinutes == 1440)
        #expect(window.zone == .device)
        #expect("\(window)" == "mon,tue from 22:05 to 24:00, device time")
        #expect(try Self.window("daily", "00:00", "00:00", "site").zone == .site)
        let zone = "America/Argentina/Buenos_Aires"
        #expect(try Self.window("daily", "00:00", "00:00", zone).zone == .fixed(zone))
        #expect("\(try Self.window("daily", "01:00", "05:00", "UTC"))".hasSuffix("05:00, UTC time"))
    }

    @Test(arguments: [
        "", "1:00", "01:0", "0100", "01:60", "25:00", "24:01", "01:00:00", "-1:00", "+1:00",
        "٠١:00",
        " 1:00", "99:99",
    ])
    func refusesTimes(text: String) {
        #expect(throws: WindowError.from(found: text)) { try Self.window("mon", text, "05:00") }
        #expect(throws: WindowError.to(found: text)) { try Self.window("mon", "01:00", text) }
    }

    @Test func noWindowBeginsAtTheEndOfADay() {
        #expect(throws: WindowError.from(found: "24:00")) {
            try Self.window("mon", "24:00", "05:00")
        }
    }

    static let notZones = [
        "", "/", "Europe/", "/etc/passwd", "../Europe/Berlin", "Europe/../x", "a/b/c/d", "Zürich",
        "Europe/Berlin\n", "1/2", "Europe Berlin", String(repeating: "a", count: 65),
    ]

    @Test(arguments: notZones)
    func refusesWhatIsNoNameOfAZone(name: String) throws {
        #expect(throws: WindowError.zone(found: name)) {
            try Self.window("mon", "01:00", "05:00", name)
        }
    }

    @Test func errorsSayWhatWasExpectedAndWhatWasThere() {
        let errors: [WindowError] = [
            .days(found: "x"), .from(found: "x"), .to(found: "x"), .zone(found: "x"),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        for error in errors {
            #expect("\(error)".hasPrefix("expected "))
            #expect("\(error)".hasSuffix(", found \"x\""))
        }
    }

    // MARK: whose clock

    @Test func theDeviceOrItsSiteNamesTheZone() throws {
        let device = ["timezone": "Europe/Berlin", "site_timezone": "UTC"]
        let now = "2026-01-07T00:30:00Z"
        let open = try Self.answer(Self.window("daily", "01:00", "02:00", "device"), now, device)
        #expect(try open == .open(until: Self.moment("2026-01-07T01:00:00Z")))
        let closed = try Self.answer(Self.window("daily", "01:00", "02:00", "site"), now, device)
        #expect(try closed == .closed(opens: Self.moment("2026-01-07T01:00:00Z")))
    }

    @Test(arguments: ["2026-01-01T00:00:00Z", "2026-07-01T12:00:00Z"])
    func anUnknownZoneNeverOpens(now: String) throws {
        let always = try Self.window("daily", "00:00", "24:00", "device")
        #expect(try Self.answer(always, now) == .unknown(.noZone(attribute: "timezone")))
        let site = try Self.window("daily", "00:00", "24:00", "site")
        #expect(try Self.answer(site, now) == .unknown(.noZone(attribute: "site_timezone")))
        let nowhere = try Self.answer(always, now, ["timezone": "Mars/Olympus"])
        #expect(nowhere == .unknown(.noSuchZone("Mars/Olympus")))
        let fixed = try Self.window("daily", "00:00", "24:00", "Mars/Olympus")
        #expect(try Self.answer(fixed, now) == .unknown(.noSuchZone("Mars/Olympus")))
    }

    @Test(arguments: notZones.filter { !$0.contains("\n") })
    func aHostileZoneNeverReachesThePort(name: String) throws {
        struct Gullible: TimeZones {
            func secondsFromUTC(in zone: String, at instant: Instant) -> Int? { 0 }
        }
        let answer = try Self.window("daily", "00:00", "24:00", "device").isOpen(
            at: at(0), for: Attributes(["timezone": name]), zones: Gullible())
        #expect(answer == .unknown(.noSuchZone(name)))
    }

    @Test func aZoneThatStopsBeingKnownIsNotKnown() throws {
        let window = try Self.window("mon", "00:00", "01:00", "Test/Ends")
        let unknown = WindowAnswer.unknown(.noSuchZone("Test/Ends"))
        #expect(try Self.answer(window, "2026-05-31T00:00:00Z") == unknown)
        #expect(try Self.answer(window, "2026-06-01T00:00:00Z") == unknown)
    }

    @Test(arguments: [Int64.min, .min + 1, -1, .max - 1, .max])
    func answersAtTheEndsOfTime(seconds: Int64) throws {
        let window = try Self.window("mon", "01:00", "05:00")
        let answer = window.isOpen(at: at(seconds), for: .none, zones: try FakeTimeZones())
        if case .unknown = answer { Issue.record("the zone is known at all times") }
    }

    // MARK: single facts

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let window: [String]
        let now: String
        let isOpen: Bool
        let changes: String

        init(_ what: String, _ window: [String], _ now: String, open: Bool, until changes: String) {
            testDescription = what
            self.window = window
            self.now = now
            isOpen = open
            self.changes = changes
        }
    }

    static let table: [Row] = [
        Row(
            "a time that does not exist opens at the jump", ["sun", "02:30", "04:00"],
            "2026-03-29T00:59:59Z", open: false, until: "2026-03-29T01:00:00Z"),
        Row(
            "and ends by the clock", ["sun", "02:30", "04:00"],
            "2026-03-29T01:00:00Z", open: true, until: "2026-03-29T02:00:00Z"),
        Row(
            "an end that does not exist is the jump", ["sun", "01:00", "02:30"],
            "2026-03-29T00:30:00Z", open: true, until: "2026-03-29T01:00:00Z"),
        Row(
            "what is left out altogether waits a week", ["sun", "02:10", "02:50"],
            "2026-03-29T00:00:00Z", open: false, until: "2026-04-05T00:10:00Z"),
        Row(
            "both passes are one span", ["sun", "02:00", "03:00"],
            "2026-10-25T00:00:00Z", open: true, until: "2026-10-25T02:00:00Z"),
        Row(
            "the first pass ends by the clock", ["sun", "01:00", "02:30"],
            "2026-10-24T23:30:00Z", open: true, until: "2026-10-25T00:30:00Z"),
        Row(
            "and the second begins at the jump", ["sun", "01:00", "02:30"],
            "2026-10-25T00:30:00Z", open: false, until: "2026-10-25T01:00:00Z"),
        Row(
            "the day is that on which it begins", ["sat", "22:00", "05:00"],
            "2026-03-28T23:00:00Z", open: true, until: "2026-03-29T03:00:00Z"),
        Row(
            "so not that on which it ends", ["sun", "22:00", "05:00"],
            "2026-03-28T23:00:00Z", open: false, until: "2026-03-29T20:00:00Z"),
        Row(
            "24:00 is the next midnight", ["tue", "23:00", "24:00"],
            "2026-01-06T22:00:00Z", open: true, until: "2026-01-06T23:00:00Z"),
        Row(
            "equal times are a whole day", ["tue", "05:00", "05:00"],
            "2026-01-06T04:00:00Z", open: true, until: "2026-01-07T04:00:00Z"),
        Row(
            "days that touch are one span", ["sat,sun", "00:00", "24:00"],
            "2026-01-10T12:00:00Z", open: true, until: "2026-01-11T23:00:00Z"),
        Row(
            "a window without end is open for weeks", ["daily", "00:00", "24:00"],
            "2026-01-01T23:00:00Z", open: true, until: "2026-01-23T23:00:00Z"),
    ]

    @Test(arguments: table)
    func follows(row: Row) throws {
        let window = try Self.window(row.window[0], row.window[1], row.window[2])
        let changes = try Self.moment(row.changes)
        #expect(
            try Self.answer(window, row.now)
                == (row.isOpen ? .open(until: changes) : .closed(opens: changes)))
    }
}
