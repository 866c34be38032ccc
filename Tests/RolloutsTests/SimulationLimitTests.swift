import Model
import Rollouts
import Testing

/// Watches simulated rollouts and counts for itself what their limits allow.
@Suite struct SimulationLimitTests {
    static let seeds: [UInt64] = [1, 2, 3, 4]

    static let file = Simulated.file.with { file in
        file.limits = .init(
            concurrent: 15, per: ["site": "10%"], neverTogether: ["ha_pair"],
            window: .init(days: "daily", from: "01:00", to: "05:00", zone: "device"),
            egress: "1 GB/hour")
        for wave in file.waves.indices {
            file.waves[wave].rate = .init(
                start: "3/min", factor: 2, every: "40 confirmed", max: "9/min")
        }
        file.gate.maxFailureRate = "5%"
        file.expires = "60d"
    }

    @Test(arguments: seeds)
    func exceedsNoLimitAtAnyMoment(seed: UInt64) throws {
        let simulation = try Simulated.simulation(Self.file)
        var watch = LimitWatch(fleet: simulation.fleet)
        var random = SeededGenerator(seed: seed)
        let behaviour = Simulated.behaviour(failureRate: 0.01) { $0.offlineShare = 0.05 }
        let outcome = simulation.run(behaviour, using: &random) { watch.see($0) }
        #expect(watch.offers.count == outcome.offered)
        #expect(outcome.isCompleted)
        #expect(outcome.offered > 500, "a wave passed while devices waited for their turn")
        // A limit that was never reached shows nothing.
        #expect(watch.mostOpen > 10)
        #expect(watch.mostOfSite > 1)
        watch.checkSlidingWindows()
    }

    /// A device that its partner held back asks again, and gets its turn.
    @Test func bringsPartnersThroughOneAfterTheOther() throws {
        let file = Simulated.file.with { $0.limits.neverTogether = ["ha_pair"] }
        let outcome = try Simulated.outcome(Simulated.behaviour(), of: file, seed: 1)
        #expect(outcome.proven == 600)
    }
}

/// What an observer of a rollout with the limits of ``SimulationLimitTests`` counts.
struct LimitWatch {
    let fleet: SimulatedFleet
    private var open: Set<Int> = []
    private(set) var offers: [Instant] = []
    private(set) var proven = 0
    private(set) var mostOpen = 0
    private(set) var mostOfSite = 0
    private let sites: [String: Int]
    private var openWave = 0

    init(fleet: SimulatedFleet) {
        self.fleet = fleet
        sites = fleet.devices.compactMap { $0.attributes["site"] }
            .reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    mutating func see(_ event: SimulationEvent) {
        switch event {
        case .offered(let device, let wave, let moment):
            #expect(open.insert(device).inserted, "two leases of one device")
            #expect(wave <= openWave)
            offers.append(moment)
            check(device, at: moment)
        case .ended(let device, let ending, _):
            #expect(open.remove(device) != nil)
            if ending == .proven { proven += 1 }
        case .moved(.running(let wave, _, _), _): openWave = wave
        case .moved, .paused: return
        }
    }

    private mutating func check(_ device: Int, at moment: Instant) {
        let attributes = fleet.devices[device].attributes
        mostOpen = max(mostOpen, open.count)
        #expect(open.count <= 15)
        let site = attributes["site"] ?? ""
        let ofSite = open.count { fleet.devices[$0].attributes["site"] == site }
        mostOfSite = max(mostOfSite, ofSite)
        #expect(ofSite == 1 || 10 * ofSite <= sites[site, default: 0])
        let pair = attributes["ha_pair"]
        #expect(open.count { fleet.devices[$0].attributes["ha_pair"] == pair } == 1)
        // 2027-01-15 is winter in Berlin.
        let offset: Int64 = attributes["timezone"] == "Europe/Berlin" ? 3600 : 0
        let second = (moment.secondsSinceEpoch + offset) % 86_400
        #expect((3600..<18_000).contains(second), "outside the window at \(moment)")
        let minute = offers.suffix(10).count { moment.elapsed(since: $0) < .seconds(60) }
        let allowed = proven >= 80 ? 9 : proven >= 40 ? 6 : 3
        #expect(minute <= allowed, "\(minute) leases in a minute, \(proven) proven")
    }

    /// An image has 20 MB, so that a gigabyte is 50 of them.
    func checkSlidingWindows() {
        for (first, last) in zip(offers, offers.dropFirst(50)) {
            #expect(last.elapsed(since: first) >= .seconds(3600), "egress at \(last)")
        }
    }
}
