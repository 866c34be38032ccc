import Model
import Rollouts
import Testing

@Suite struct LeasePacingTests {
    static func pacing() throws -> LeasePacing {
        try #require(LeasePacing(arrivalsPerSecond: 50, periodSeconds: 60...3600))
    }

    /// Buckets of 100,000 devices, and of as many in a wave of 1 %.
    private static let fleet = Result { try buckets(upTo: .max) }
    private static let firstWave = Result { try buckets(upTo: .max / 100) }

    private static func buckets(upTo largest: UInt64) throws -> [Bucket] {
        var random = SplitMix64(seed: 7)
        return try (0..<100_000).map { _ in
            try bucket(UInt64.random(in: 0...largest, using: &random))
        }
    }

    /// How many of 100,000 devices each second sees, when each is told to wait at `ask`.
    private static func arrivals(
        of devices: Result<[Bucket], any Error>, free: Int, ask: (inout SplitMix64) -> Int64
    ) throws -> [Int64: Int] {
        let pacing = try pacing()
        var random = SplitMix64(seed: 7)
        var arrivals: [Int64: Int] = [:]
        for place in try devices.get() {
            let now = ask(&random)
            let pause = pacing.pause(for: place, at: at(now), waiting: 100_000, freePlaces: free)
            arrivals[now + pause.components.seconds, default: 0] += 1
        }
        return arrivals
    }

    /// After an outage all come at once; a wave of 1 % holds only the smallest buckets.
    @Test(arguments: [false, true], [(100_000, Int64(2000)), (0, 3600)])
    func aHerdIsSpreadEvenly(inFirstWave: Bool, row: (free: Int, period: Int64)) throws {
        let period = row.period
        let arrivals = try Self.arrivals(
            of: inFirstWave ? Self.firstWave : Self.fleet, free: row.free
        ) { _ in 12_345 }
        #expect(arrivals.keys.allSatisfy { (12_346...12_345 + period).contains($0) })
        let mean = 100_000 / Int(period)
        let largest = try #require(arrivals.values.max())
        #expect(largest <= 2 * mean)
        #expect(arrivals.count > Int(period) * 99 / 100, "some seconds are left out")
    }

    @Test func devicesThatAskAtDifferentTimesDoNotMeet() throws {
        let arrivals = try Self.arrivals(of: Self.fleet, free: 10_000) {
            Int64.random(in: 0..<2000, using: &$0)
        }
        let largest = try #require(arrivals.values.max())
        #expect(largest <= 2 * 50)
    }

    static let periods: [(Int, Int, Int64)] = [
        (0, 0, 60), (10, 10, 60), (100, 50, 120), (100, 0, 3600), (100_000, 100_000, 2000),
        (1_000_000, 1_000_000, 3600), (.max, 0, 3600),
    ]

    @Test(arguments: periods)
    func noPauseIsLongerThanItsPeriodOrShorterThanASecond(
        waiting: Int, free: Int, period: Int64
    ) throws {
        let pacing = try Self.pacing()
        let pauses = try (0..<UInt64(period)).map {
            try pacing.pause(for: bucket($0), at: at(-7), waiting: waiting, freePlaces: free)
        }
        #expect(pauses.min() == .seconds(1))
        #expect(pauses.max() == .seconds(period))
        #expect(Set(pauses).count == Int(period))
    }

    @Test(arguments: [Int64.min, -1, 0, .max])
    func whoComesInItsSecondComesAgainAfterOnePeriod(now: Int64) throws {
        let pacing = try Self.pacing()
        let turn = UInt64((now % 60 + 60) % 60)
        let pause = try pacing.pause(for: bucket(turn), at: at(now), waiting: 1, freePlaces: 1)
        #expect(pause == .seconds(60))
    }

    @Test func refusesPacesThatCannotBe() {
        #expect(LeasePacing(arrivalsPerSecond: 0, periodSeconds: 1...2) == nil)
        #expect(LeasePacing(arrivalsPerSecond: 1, periodSeconds: 0...2) == nil)
        #expect(LeasePacing(arrivalsPerSecond: 1, periodSeconds: 1...86_401) == nil)
    }
}
