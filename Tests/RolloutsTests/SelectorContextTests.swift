import Model
import Rollouts
import Testing

@Suite struct SelectorContextTests {
    /// A device that was heard of 10 days, or 864,000 seconds, after the epoch.
    static let table: [(now: Int64, selector: String, matches: Bool)] = [
        (864_000, #"last_seen() < "1s""#, true), (864_000, #"last_seen() <= "0s""#, true),
        (864_000, #"last_seen() < "0s""#, false), (864_000, #"last_seen() >= "0s""#, true),
        (864_059, #"last_seen() < "1m""#, true), (864_060, #"last_seen() < "1m""#, false),
        (864_060, #"last_seen() <= "1m""#, true), (864_060, #"last_seen() >= "1m""#, true),
        (864_060, #"last_seen() > "1m""#, false), (864_061, #"last_seen() > "1m""#, true),
        (864_061, #"last_seen() <= "1m""#, false), (864_059, #"last_seen() >= "1m""#, false),
        // A clock that is wrong: seen in the future, and ages that no clock can tell.
        (0, #"last_seen() < "1s""#, true), (0, #"last_seen() <= "0s""#, true),
        (0, #"last_seen() >= "0s""#, true), (0, #"last_seen() < "0s""#, false),
        (0, #"last_seen() > "0s""#, false), (.min, #"last_seen() < "1s""#, true),
        (.max, #"last_seen() > "366d""#, true),
    ]

    @Test(arguments: table)
    func agesEndAtTheGivenMoment(row: (now: Int64, selector: String, matches: Bool)) throws {
        let context = SelectorContext(now: at(row.now), place: spread)
        let seen = try device(lastSeen: 864_000)
        #expect(try Selector(row.selector).matches(seen, in: context) == row.matches)
    }

    static let shares: [(selector: String, share: String)] = [
        ("hash_percent(10)", "10%"), ("hash_percent(10%)", "10%"), (#"hash_percent("10")"#, "10%"),
        ("hash_percent( 2.5% )", "2.5%"), (#"hash_percent("2.5%")"#, "2.5%"),
        ("hash_percent(0.0001)", "0.0001%"), ("hash_percent(100)", "100%"),
    ]

    @Test(arguments: shares)
    func aShareHoldsTheDevicesWhosePlaceFallsUnderIt(
        row: (selector: String, share: String)
    ) throws {
        let selector = try Selector(row.selector)
        let share = try percent(row.share)
        // The places on both sides of each edge, and the two ends.
        let edges = [1, 25_000, 100_000].flatMap { millionths in
            let edge = UInt64(millionths) * 18_446_744_073_709
            return [edge, edge + UInt64(millionths)]
        }
        for value in edges + [0, .max] {
            let place = try bucket(value)
            let context = SelectorContext(now: at(0)) { _ in place }
            #expect(try selector.matches(device(), in: context) == share.holds(place))
        }
    }

    @Test func thePlaceIsThatOfTheDevice() throws {
        let low = try bucket(0)
        let high = try bucket(.max)
        let context = SelectorContext(now: at(0)) { $0.text == "first" ? low : high }
        let selector = try Selector("hash_percent(50)")
        #expect(try selector.matches(device("first"), in: context))
        #expect(try !selector.matches(device("last"), in: context))
    }

    static let dependencies: [(String, Bool)] = [
        ("all", false), (#"version(x) < "2""#, false), ("hash_percent(10)", false),
        (#"last_seen() < "7d""#, true), (#"not last_seen() < "7d""#, true),
        (#"all and last_seen() < "7d""#, true), (#"all or (all and last_seen() > "7d")"#, true),
        (#"x == "last_seen()""#, false), (#"all or not tag("lab")"#, false),
    ]

    @Test(arguments: dependencies)
    func knowsWhetherItDependsOnTime(text: String, depends: Bool) throws {
        #expect(try Selector(text).dependsOnTime == depends)
    }

    /// The selector picks the device until day 7 after the epoch.
    @Test func rolloutsAreDecidedAtTheGivenMoment() throws {
        let early = SelectorContext(now: at(7 * 86_400 - 1), place: spread)
        let late = SelectorContext(now: at(7 * 86_400), place: spread)
        let plan = try RolloutPlan.restored(
            .plain.with { $0.devices = #"last_seen() < "7d""# })
        let seen = try device()
        let place = try bucket(0)
        #expect(try plan.spec.ineligibility(of: seen, image: image(), in: early) == nil)
        #expect(try plan.spec.ineligibility(of: seen, image: image(), in: late) == .notSelected)
        #expect(plan.wave(of: seen, bucket: place, in: early) == 0)
        #expect(plan.wave(of: seen, bucket: place, in: late) == nil)
        #expect(plan.reaches(seen, bucket: place, upTo: 0, in: early))
        #expect(!plan.reaches(seen, bucket: place, upTo: 0, in: late))
        func admission(in context: SelectorContext) throws -> AdmissionDecision {
            try plan.admission(
                of: seen, bucket: place, state: AdmissionTests.open, image: image(),
                attempt: nil, paused: [], in: context, zones: FakeTimeZones(),
                counts: { LimitCounts(openLeases: 0) })
        }
        #expect(try admission(in: early) == .offer(wave: 0, image()))
        #expect(try admission(in: late) == .no(.ineligible(.notSelected)))
    }

    @Test func plansAreMadeAtTheGivenMoment() throws {
        let file = RolloutFile.plain.with { $0.devices = #"last_seen() < "7d""# }
        func make(at seconds: Int64) throws -> RolloutPlan {
            try RolloutPlan.make(
                RolloutSpec(file), images: [model("gw-2"): image()],
                fleet: RolloutPlanTests.fleet(),
                in: SelectorContext(now: at(seconds), place: spread), bucket: spread)
        }
        #expect(try make(at: 7 * 86_400 - 1).excluded[.notSelected] == nil)
        #expect(throws: PlanError.selectorPicksNoDevice) { try make(at: 7 * 86_400) }
    }
}
