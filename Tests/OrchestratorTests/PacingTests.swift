import Model
import OpenSSL
import Orchestrator
import Rollouts
import TestSupport
import Testing
import Wire

/// Devices that came at once, or wait for the same thing, do not come back at once.
@Suite struct PacingTests {
    /// What the standard settings make of it: 500 a second, and devices that come every 300 s.
    private static let pacing = must(
        LeasePacing(arrivalsPerSecond: 500, periodSeconds: 10...300))
    private static let noon = Instant(secondsSinceEpoch: 1_800_000_000)
    /// What 500 a second are at most, as chance will have it.
    private static let most = 600

    /// Their places in the order of one rollout.
    private static let places: [Bucket] = {
        let order = FleetOrder.ofRollout(must(RolloutName("r")), by: OpenSSLHashing())
        return (0..<100_000).map { order.bucket(of: must(DeviceID("gateway-\($0)"))) }
    }()

    /// How many of the devices come in each second, counted from `noon`.
    private static func arrivals(_ pause: (Bucket) -> Duration) -> [Int64: Int] {
        places.reduce(into: [:]) { $0[pause($1).components.seconds, default: 0] += 1 }
    }

    /// All asked in one second, while there are no places, some, or as many as may ever be taken.
    @Test(arguments: [0, 50, 1_000_000])
    func aHundredThousandThatWaitForAPlaceAreSpread(free: Int) {
        let arrivals = Self.arrivals {
            Self.pacing.pause(for: $0, at: Self.noon, waiting: 100_000, freePlaces: free)
        }
        #expect(arrivals.values.max() ?? .max <= Self.most)
        #expect(arrivals.keys.allSatisfy { (1...300).contains($0) })
    }

    @Test func aHundredThousandThatWaitForNothingAreSpread() {
        let arrivals = Self.arrivals {
            LeasePacing.idlePause(for: $0, at: Self.noon, every: 300)
        }
        #expect(arrivals.values.max() ?? .max <= Self.most)
        #expect(arrivals.keys.allSatisfy { (1...300).contains($0) })
    }

    /// A window opens in a minute, and all are told to come when it does.
    @Test(arguments: [500, 100_000])
    func aHundredThousandThatWaitForAWindowAreSpread(concurrent: Int) {
        let opens = Self.noon.advanced(by: .seconds(60))
        let arrivals = Self.arrivals {
            Self.pacing.pause(
                for: $0, at: Self.noon, notBefore: opens, waiting: 100_000,
                freePlaces: concurrent)
        }
        #expect(arrivals.values.max() ?? .max <= Self.most)
        #expect(arrivals.keys.allSatisfy { $0 > 60 }, "somebody comes before it opens")
    }

    /// An idle device keeps its second, however late its answers come.
    @Test func anIdleDeviceComesOnceAPeriod() {
        for place in Self.places.prefix(200) {
            var moment = Self.noon
            for late in [Int64(0), 1, 0, 2] {
                let pause = LeasePacing.idlePause(for: place, at: moment, every: 300)
                #expect(moment == Self.noon || pause >= .seconds(300 - 2))
                moment = moment.advanced(by: pause + .seconds(late))
            }
        }
        #expect(LeasePacing.idlePause(for: Self.places[0], at: Self.noon, every: 1) == .seconds(1))
        #expect(LeasePacing.idlePause(for: Self.places[0], at: Self.noon, every: 0) == .zero)
    }

    // MARK: Through the public door, where devices come every 60 s

    /// What `count` devices are told that all come in the same second.
    private static func told(
        _ count: Int, _ file: RolloutFile?, before seconds: Int64 = 0
    ) async throws -> [Int: Int] {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(count, orchestrator)
        if let file { try await orchestrator.start(file) }
        world.clock.advance(seconds: seconds)
        var arrivals: [Int: Int] = [:]
        for index in devices.indices {
            let directive = try await devices[index].checkIn(orchestrator)
            guard directive.offer == nil else { continue }
            arrivals[directive.checkInAfterSeconds, default: 0] += 1
        }
        return arrivals
    }

    @Test func whoeverWaitsForAPlaceIsToldASecondOfItsOwn() async throws {
        let arrivals = try await Self.told(300, .simple("r", concurrent: 2))
        #expect(arrivals.values.reduce(0, +) == 298)
        #expect(arrivals.values.max() ?? .max <= 18, "they are 5 a second on average")
        #expect(arrivals.keys.allSatisfy { (1...60).contains($0) })
    }

    @Test func whoeverIsIdleIsToldASecondOfItsOwn() async throws {
        let arrivals = try await Self.told(300, nil)
        #expect(arrivals.values.reduce(0, +) == 300)
        #expect(arrivals.values.max() ?? .max <= 18, "they are 5 a second on average")
        #expect(arrivals.keys.allSatisfy { (1...60).contains($0) })
    }

    /// The clock of the tests begins at 08:00 UTC.
    @Test func whoeverWaitsForAWindowComesAfterItsFirstSecond() async throws {
        let file = RolloutFile.simple("r", concurrent: 2) {
            $0.limits.window = .init(from: "09:00", to: "10:00", zone: "UTC")
        }
        let arrivals = try await Self.told(300, file, before: 3600 - 5)
        #expect(arrivals.values.reduce(0, +) == 300)
        #expect(arrivals.values.max() ?? .max <= 22, "they are 5 to 10 a second on average")
    }
}
