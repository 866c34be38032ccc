import Model
import Rollouts
import Testing

@Suite struct RateCurveTests {
    static func curve(
        _ start: String = "60/min", _ factor: Int = 2, _ every: String = "500 confirmed",
        _ max: String = "5000/min"
    ) throws -> RateCurve {
        try RateCurve(start: start, factor: factor, every: every, max: max)
    }

    static let allowances: [(Int, String)] = [
        (0, "60/min"), (499, "60/min"), (500, "120/min"), (999, "120/min"), (1000, "240/min"),
        (3000, "3840/min"), (3499, "3840/min"), (3500, "5000/min"), (.max, "5000/min"),
    ]

    @Test(arguments: allowances)
    func growsWithWhatIsConfirmed(confirmed: Int, rate: String) throws {
        #expect(try "\(Self.curve().allowance(confirmed: confirmed))" == rate)
    }

    @Test func aFactorOfOneNeverGrows() throws {
        let curve = try Self.curve("3/sec", 1, "1 confirmed", "9/sec")
        #expect("\(curve.allowance(confirmed: .max))" == "3/sec")
    }

    @Test func theSteepestCurveStopsAtItsMaximum() throws {
        let curve = try Self.curve("999999/day", 100, "1 confirmed", "1000000/day")
        #expect("\(curve.allowance(confirmed: 1))" == "1000000/day")
    }

    @Test(arguments: [
        "", "60", "/min", "60/", "60/minute", "60 /min", "60/min/min", "-1/min", "0/min", "+6/min",
        "1000001/min", "6e1/min", "٦/min", "60/Min",
    ])
    func refusesRates(text: String) {
        #expect(throws: LimitError.startRate(found: text)) { try Self.curve(text) }
        #expect(throws: LimitError.largestRate(found: text)) {
            try Self.curve("1/min", 2, "1 confirmed", text)
        }
    }

    @Test(arguments: [
        "", "500", "confirmed", " confirmed", "0 confirmed", "-5 confirmed", "500  confirmed",
        "500 Confirmed", "1000001 confirmed", "500 confirmed ",
    ])
    func refusesSteps(text: String) {
        #expect(throws: LimitError.step(found: text)) { try Self.curve("60/min", 2, text) }
    }

    @Test(arguments: [0, -1, 101, .min, .max])
    func refusesFactors(factor: Int) {
        #expect(throws: LimitError.factor(found: factor)) { try Self.curve("60/min", factor) }
    }

    @Test(arguments: ["59/min", "60/hour", "60/sec"])
    func refusesAMaximumThatShrinksTheRate(max: String) throws {
        let error = try LimitError.rateShrinks(
            start: #require(Rate("60/min")), largest: #require(Rate(max)))
        #expect(throws: error) { try Self.curve("60/min", 2, "1 confirmed", max) }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let recent: RecentUse?
        let confirmed: Int
        let answer: RateAnswer

        init(_ what: String, _ recent: RecentUse?, confirmed: Int = 0, _ answer: RateAnswer) {
            testDescription = what
            self.recent = recent
            self.confirmed = confirmed
            self.answer = answer
        }
    }

    /// At second 1000, with 3 leases a minute and twice that after the first confirmation.
    static let table: [Row] = [
        Row("nothing was taken", nil, .now),
        Row("less was taken", RecentUse(total: 2, oldest: at(941)), .now),
        Row("as much was taken", RecentUse(total: 3, oldest: at(941)), .after(at(1001))),
        Row("the oldest decides", RecentUse(total: 3, oldest: at(990)), .after(at(1050))),
        Row("more was taken", RecentUse(total: 9, oldest: at(990)), .after(at(1050))),
        Row("the curve rose", RecentUse(total: 5, oldest: at(990)), confirmed: 1, .now),
        Row("up to there", RecentUse(total: 6, oldest: at(990)), confirmed: 1, .after(at(1050))),
        Row("a faster clock", RecentUse(total: 3, oldest: at(1010)), .after(at(1070))),
        Row("a stale count", RecentUse(total: 3, oldest: at(100)), .after(at(1001))),
        Row("the end of time", RecentUse(total: 3, oldest: at(.max)), .after(at(.max))),
    ]

    @Test(arguments: table)
    func answers(row: Row) throws {
        let curve = try Self.curve("3/min", 2, "1 confirmed", "6/min")
        let answer = curve.mayTake(
            confirmed: row.confirmed, recent: row.recent, at: at(1000))
        #expect(answer == row.answer)
    }

    /// Clocks run on, and now and then another server's clock is behind or ahead.
    @Test(arguments: Array(0..<UInt64(60)))
    func noWindowHoldsMoreThanItsLargestAllowance(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let unit = ["sec", "min", "hour"][Int(seed % 3)]
        let curve = try Self.curve("2/\(unit)", 2, "3 confirmed", "7/\(unit)")
        let length = curve.start.unit.seconds
        var taken: [(at: Instant, allowance: Int)] = []
        var now: Int64 = 0
        var refusals = 0
        for _ in 0..<400 {
            let isBurst = Int.random(in: 0..<5, using: &random) > 0
            now += isBurst ? 0 : Int64.random(in: 0...length, using: &random)
            let clock = at(now + Int64.random(in: -length...length, using: &random))
            let confirmed = taken.count / 8
            let recent = taken.map(\.at).filter { $0 > curve.start.unit.opening(at: clock) }
            let use = recent.min().map { RecentUse(total: Int64(recent.count), oldest: $0) }
            switch curve.mayTake(confirmed: confirmed, recent: use, at: clock) {
            case .now: taken.append((clock, curve.allowance(confirmed: confirmed).count))
            case .after(let moment):
                refusals += 1
                #expect(moment > clock)
            case .never: Issue.record("a rate never says never")
            }
        }
        #expect(refusals > 20 && taken.count > 20, "the rate was not tested")
        // Every window that holds anything holds no more than one that ends with a lease of it.
        for last in taken {
            let window = taken.filter {
                $0.at <= last.at && last.at.elapsed(since: $0.at) < .seconds(length)
            }
            let largest = try #require(window.map(\.allowance).max())
            #expect(window.count <= largest, "in the \(unit) until \(last.at), seed \(seed)")
        }
    }

    /// A device that comes back when it is told to gets its lease, if nobody came between.
    @Test func theMomentThatIsNamedIsTheFirstOne() throws {
        let curve = try Self.curve("3/min", 1, "1 confirmed", "3/min")
        let times = [at(10), at(25), at(40)]
        func answer(_ now: Instant) -> RateAnswer {
            let recent = times.filter { $0 > PaceUnit.minute.opening(at: now) }
            let use = recent.min().map { RecentUse(total: Int64(recent.count), oldest: $0) }
            return curve.mayTake(confirmed: 0, recent: use, at: now)
        }
        for second in 40..<70 { #expect(answer(at(Int64(second))) == .after(at(70))) }
        #expect(answer(at(70)) == .now)
    }
}

@Suite struct EgressBudgetTests {
    static let readable: [(String, Int64, PaceUnit, String)] = [
        ("200 GB/day", 200_000_000_000, .day, "200 GB/day"), ("1kB/sec", 1000, .second, "1 kB/sec"),
        ("999999 TB/hour", 999_999_000_000_000_000, .hour, "999999 TB/hour"),
        ("5000 MB/min", 5_000_000_000, .minute, "5 GB/min"),
    ]

    @Test(arguments: readable)
    func readsAndWrites(text: String, bytes: Int64, unit: PaceUnit, written: String) throws {
        let budget = try EgressBudget(text)
        #expect(budget.bytes == bytes)
        #expect(budget.unit == unit)
        #expect("\(budget)" == written)
        #expect(try EgressBudget(written) == budget)
    }

    @Test(arguments: [
        "", "200", "200 GB", "GB/day", " GB/day", "0 GB/day", "-1 GB/day", "200  GB/day",
        "200 gb/day", "200 GiB/day", "200 B/day", "1.5 GB/day", "1000000 GB/day", "200 GB/week",
        "200 GB/day/day", "200 GB / day",
    ])
    func refuses(text: String) {
        #expect(throws: LimitError.egress(found: text)) { try EgressBudget(text) }
    }

    static let answers: [(Int64, RecentUse?, RateAnswer)] = [
        (5000, nil, .now), (5001, nil, .never),
        (.max, RecentUse(total: .max, oldest: at(1)), .never),
        (2000, RecentUse(total: 3000, oldest: at(990)), .now),
        (2001, RecentUse(total: 3000, oldest: at(990)), .after(at(1050))),
        (0, RecentUse(total: 5000, oldest: at(990)), .now),
        (1, RecentUse(total: .max, oldest: at(990)), .after(at(1050))),
    ]

    @Test(arguments: answers)
    func neverOffersMoreThanTheBudget(
        length: Int64, recent: RecentUse?, answer: RateAnswer
    ) throws {
        let budget = try EgressBudget("5 kB/min")
        #expect(budget.mayOffer(length: length, recent: recent, at: at(1000)) == answer)
    }
}
