import Agent
import JSON
import Model
import Testing

/// 2026-11-26 was a Thursday.
private func thursday(_ time: String) -> Instant {
    Instant("2026-11-26T\(time)Z") ?? Instant(secondsSinceEpoch: 0)
}

@Suite struct FetchPolicyTests {
    private func policy(_ json: String) throws -> FetchPolicy {
        try FetchPolicy(
            JSONFields(JSONValue(parsing: Array(json.utf8), limits: .standard(bytes: 65_536))))
    }

    private func wait(_ policy: FetchPolicy, at now: Instant) -> Duration? {
        switch policy.decision(at: now, link: .free, bytes: 1) {
        case .go: nil
        case .wait(let duration, _): duration
        }
    }

    private static func nightly(_ more: String = "") -> String {
        #"{"quiet_hours": [{"from": "22:00", "to": "06:00"}]\#(more)}"#
    }

    @Test(
        arguments: [
            ("21:59:59", nil), ("22:00:00", 28_800), ("23:59:59", 21_601), ("00:00:00", 21_600),
            ("05:59:59", 1), ("06:00:00", nil), ("12:00:00", nil),
        ] as [(String, Int64?)])
    func quietHoursMayPassMidnight(time: String, seconds: Int64?) throws {
        let policy = try policy(Self.nightly())
        #expect(wait(policy, at: thursday(time)) == seconds.map { .seconds($0) })
    }

    @Test(arguments: [(60, "21:00:00"), (-90, "23:30:00"), (1440, "22:00:00"), (0, "22:00:00")])
    func quietHoursAreInTheDevicesTime(offset: Int, beginning: String) throws {
        let policy = try policy(Self.nightly(#", "utc_offset_minutes": \#(offset)"#))
        let start = thursday(beginning)
        #expect(wait(policy, at: start) == .seconds(28_800))
        #expect(wait(policy, at: start.advanced(by: .seconds(-1))) == nil)
    }

    /// The days are those on which a span begins.
    @Test func quietHoursBelongToTheirDays() throws {
        let policy = try policy(
            #"{"quiet_hours": [{"days": ["wed"], "from": "22:00", "to": "06:00"}]}"#)
        #expect(wait(policy, at: thursday("05:00:00")) == .seconds(3600))
        #expect(wait(policy, at: thursday("22:00:00")) == nil)
        let sunday = Instant("2026-11-29T23:00:00Z") ?? thursday("00:00:00")
        let atWeeksEnd = try self.policy(
            #"{"quiet_hours": [{"days": ["sun"], "from": "22:00", "to": "06:00"}]}"#)
        #expect(wait(atWeeksEnd, at: sunday) == .seconds(7 * 3600))
    }

    @Test func spansThatTouchAreOne() throws {
        let policy = try policy(
            """
            {"quiet_hours": [{"days": ["thu"], "from": "08:00", "to": "10:00"},
              {"days": ["thu"], "from": "09:30", "to": "12:00"},
              {"days": ["thu"], "from": "12:00", "to": "12:30"}]}
            """)
        #expect(wait(policy, at: thursday("08:00:00")) == .seconds(16_200))
    }

    @Test func aSpanFromATimeToTheSameIsAWholeDay() throws {
        let policy = try policy(
            #"{"quiet_hours": [{"days": ["thu"], "from": "00:00", "to": "00:00"}]}"#)
        #expect(wait(policy, at: thursday("00:00:00")) == .seconds(86_400))
        #expect(wait(policy, at: thursday("00:00:00").advanced(by: .seconds(86_400))) == nil)
    }

    /// An independent count, minute by minute, of when it is quiet again.
    @Test(arguments: [-720, -30, 0, 345, 840])
    func theWaitEndsWithTheLastQuietMinute(offset: Int) throws {
        let policy = try policy(
            """
            {"quiet_hours": [{"days": ["mon", "thu"], "from": "07:15", "to": "01:05"},
              {"days": ["sun"], "from": "20:00", "to": "08:00"}], "utc_offset_minutes": \(offset)}
            """)
        let monday = Int64(4 * 86_400)
        func isQuiet(_ minute: Int64) -> Bool {
            let local = (minute + Int64(offset) + 7 * 1440) % (7 * 1440)
            return (435..<1505).contains(local) || (435 + 4320..<1505 + 4320).contains(local)
                || local >= 10_080 - 240 || local < 480
        }
        for minute in Int64(0)..<(7 * 1440) {
            let now = Instant(secondsSinceEpoch: monday + minute * 60)
            var rest: Int64 = 0
            while isQuiet((minute + rest) % (7 * 1440)) { rest += 1 }
            #expect(wait(policy, at: now) == (rest == 0 ? nil : .seconds(rest * 60)))
        }
    }

    @Test(arguments: [Int64.min, -1, 0, Int64.max])
    func noClockBreaksIt(seconds: Int64) throws {
        let policy = try policy(Self.nightly(#", "utc_offset_minutes": -1440"#))
        _ = policy.decision(
            at: Instant(secondsSinceEpoch: seconds), link: .free, bytes: 1)
    }

    @Test(arguments: [
        (#"{"quiet_hours": [{"from": "00:00", "to": "00:00"}]}"#, "quiet_hours"),
        (#"{"quiet_hours": [{"from": "24:00", "to": "00:00"}]}"#, "quiet_hours[0].from"),
        (#"{"quiet_hours": [{"from": "8:00", "to": "10:00"}]}"#, "quiet_hours[0].from"),
        (#"{"quiet_hours": [{"from": "08:00", "to": "10:60"}]}"#, "quiet_hours[0].to"),
        (#"{"quiet_hours": [{"from": "08:00", "to": "1+:00"}]}"#, "quiet_hours[0].to"),
        (#"{"quiet_hours": [{"from": "08:00"}]}"#, "quiet_hours[0].to"),
        (
            #"{"quiet_hours": [{"days": [], "from": "08:00", "to": "09:00"}]}"#,
            "quiet_hours[0].days"
        ),
        (#"{"quiet_hours": [{"days": ["day"], "from": "08:00", "to": "09:00"}]}"#, "days[0]"),
        (#"{"quiet_hours": [{"day": "mon", "from": "08:00", "to": "09:00"}]}"#, "day"),
        (#"{"utc_offset_minutes": 1441}"#, "utc_offset_minutes"),
        (#"{"metered_maximum_bytes": -1}"#, "metered_maximum_bytes"),
    ])
    func refusesWhatMakesNoSense(json: String, path: String) throws {
        let error = #expect(throws: JSONShapeError.self) { try policy(json) }
        #expect("\(try #require(error))".contains(path))
    }

    @Test func aMeteredLinkKeepsLargeImagesWaiting() throws {
        let policy = try policy(#"{"metered_maximum_bytes": 100}"#)
        let now = thursday("12:00:00")
        for link in [FetchPolicy.Link.metered, .unknown] {
            #expect(policy.decision(at: now, link: link, bytes: 100) == .go)
            guard
                case .wait(let duration, let reason) = policy.decision(
                    at: now, link: link, bytes: 101)
            else {
                Issue.record("101 bytes go over a link that is \(link)")
                continue
            }
            #expect(duration == FetchPolicy.meteredPause)
            #expect(reason.contains("metered") && reason.contains("101 bytes"))
        }
        #expect(policy.decision(at: now, link: .free, bytes: .max) == .go)
        #expect(FetchPolicy.always.decision(at: now, link: .metered, bytes: .max) == .go)
    }

    @Test func sayUntilWhenItIsQuiet() throws {
        let decision = try policy(Self.nightly()).decision(
            at: thursday("23:00:00"), link: .free, bytes: 1)
        #expect(
            decision
                == .wait(
                    .seconds(25_200), reason: "quiet hours last until 2026-11-27T06:00:00Z"))
    }
}

/// Gives the same number for ever.
private struct Constant: RandomNumberGenerator {
    let value: UInt64
    mutating func next() -> UInt64 { value }
}

@Suite struct BackoffTests {
    private let backoff = Backoff(base: .seconds(2), cap: .seconds(300))

    private func pauses(
        _ failures: Int, retryAfter: Duration? = nil, of backoff: Backoff? = nil
    ) -> (least: Duration, most: Duration) {
        var low = Constant(value: 1 << 32)
        var high = Constant(value: .max)
        let backoff = backoff ?? self.backoff
        return (
            backoff.pause(afterFailures: failures, retryAfter: retryAfter, using: &low),
            backoff.pause(afterFailures: failures, retryAfter: retryAfter, using: &high)
        )
    }

    @Test(
        arguments: [
            (1, 2), (2, 4), (3, 8), (7, 128), (8, 256), (9, 300), (10, 300), (64, 300),
            (Int.max, 300),
        ] as [(Int, Int64)])
    func reachesFromASecondToTwiceAsMuchEachTime(failures: Int, most: Int64) {
        let pauses = pauses(failures)
        #expect(pauses.least == .seconds(1))
        #expect(pauses.most == .seconds(most))
    }

    @Test func isNeverShorterThanASecond() {
        let quick = Backoff(base: .milliseconds(1), cap: .seconds(1))
        for failures in [1, 5, 100] {
            #expect(pauses(failures, of: quick).least == .seconds(1))
            #expect(pauses(failures, of: quick).most == .seconds(1))
        }
    }

    @Test func spreadsDevicesOverTheWholeTime() {
        var random = SystemRandomNumberGenerator()
        let tenths = (0..<2000).map { _ in
            Int(backoff.pause(afterFailures: 9, using: &random).components.seconds / 30)
        }
        #expect(Set(tenths).isSuperset(of: 0...9))
    }

    @Test(
        arguments: [(60, 60), (86_400, 86_400), (86_401, 86_400), (Int64.max, 86_400), (-5, 0)]
            as [(Int64, Int64)])
    func leavesTheServerAloneAsLongAsItAsks(asked: Int64, seconds: Int64) {
        let pauses = pauses(1, retryAfter: .seconds(asked))
        #expect(pauses.least == .seconds(seconds + 1))
        #expect(pauses.most == .seconds(seconds + 2))
    }
}

@Suite struct TransportErrorTests {
    @Test func onlyTheServersOwnRefusalIsForGood() {
        let permanent = (100..<600).filter {
            TransportError.refused(status: $0, "").isPermanent
        }
        #expect(
            permanent == (400..<500).filter { ![402, 407, 408, 421, 425, 429].contains($0) })
        #expect(!TransportError.foreign("").isPermanent)
        #expect(!TransportError.busy(status: 503, retryAfterSeconds: 1).isPermanent)
        #expect(!TransportError.unreachable("").isPermanent)
    }

    @Test(
        arguments: [(-1, 0), (7, 7), (86_400, 86_400), (86_401, 86_400), (Int64.max, 86_400)]
            as [(Int64, Int64)])
    func aServerKeepsADeviceAwayForADayAtMost(asked: Int64, seconds: Int64) {
        let error = TransportError.busy(status: 429, retryAfterSeconds: asked)
        #expect(error.retryAfter == .seconds(seconds))
        #expect(TransportError.refused(status: 503, "").retryAfter == nil)
    }
}
