import Model
import Rollouts
import Testing

/// 200 devices around an ``AdmissionLoop``, what happens to them, and what must hold.
struct LimitWorld {
    var loop: AdmissionLoop
    /// The lease that each device has heard of; it may have ended without its knowledge.
    private var heard: [DeviceID: Int] = [:]
    /// Leases that were reported taken, and how each ended, as the world outside saw it.
    private(set) var taken: Set<Int> = []
    private(set) var ended: [Int: AdmissionLoop.Ending] = [:]
    private(set) var refusalKinds: Set<String> = []
    private let sites: [String: Int]
    private var now: Int64

    static let kinds = [
        "cap", "window", "unknown", "rate", "egress", "too large", "share", "partner",
    ]

    init() throws {
        let zones = try FakeTimeZones()
        let rules = AdmissionLoop.Rules(
            concurrent: 9,
            window: try MaintenanceWindow(
                days: "daily", from: "01:00", to: "05:00", zone: "device"),
            rate: try RateCurve(
                start: "3/min", factor: 2, every: "40 confirmed", max: "17/min"),
            egress: try EgressBudget("60 MB/min"),
            shares: [
                try ShareLimit(attribute: "site", share: "25%"),
                try ShareLimit(attribute: "region", share: "5"),
            ],
            apart: [try NeverTogether(attribute: "ha_pair")], lifetime: .seconds(240),
            zones: zones)
        loop = AdmissionLoop(rules: rules, fleet: try (0..<200).map(Self.numbered))
        sites = Self.counts(loop.fleet, "site")
        // 00:45 in Berlin, 23:45 in UTC: the windows open one after the other.
        now = try #require(Instant("2026-01-06T23:45:00Z")).secondsSinceEpoch
    }

    /// Sites of 2 to 18 devices; some devices have no site, no partner or no time zone.
    private static func numbered(_ number: Int) throws -> DeviceFacts {
        var attributes = ["region": number.isMultiple(of: 2) ? "north" : "south"]
        if number % 10 != 0 {
            attributes["site"] = "s\(number % 10 == 1 ? number % 100 : number % 10)"
        }
        if number < 160 { attributes["ha_pair"] = "p\(number / 2 % 20)" }
        if number % 25 != 3 { attributes["timezone"] = number % 3 == 0 ? "UTC" : "Europe/Berlin" }
        return try device("gw-\(number)", attributes: attributes)
    }

    private static func length(of device: DeviceFacts) -> Int64 {
        let place = spread(device.id).value % 40
        return place == 0 ? 60_000_001 : Int64(place) * 700_000
    }

    // MARK: what happens

    mutating func step(using random: inout SplitMix64) {
        let isLull = Int.random(in: 0..<100, using: &random) == 0
        now += Int64.random(in: isLull ? 200...800 : 0...3, using: &random)
        let skew = LimitPropertyTests.clockSkew
        let clock = at(now + (Bool.random(using: &random) ? skew : -skew))
        let device = loop.fleet[Int.random(in: 0..<loop.fleet.count, using: &random)]
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<70: request(device, at: clock)
        case 70..<74: crashDuringRequest(device, at: clock, stored: Bool.random(using: &random))
        case 74..<90: report(.proven, using: &random)
        case 90..<95: report(.failed, using: &random)
        default:
            loop.expire(at: clock)
            noteEndings()
        }
    }

    private mutating func request(_ device: DeviceFacts, at clock: Instant) {
        let before = Set(loop.open)
        switch loop.request(device, length: Self.length(of: device), at: clock) {
        case .success(let lease):
            #expect(loop.leases[lease].device.id == device.id)
            #expect(before.union([lease]) == Set(loop.open), "a lease vanished")
            taken.insert(lease)
            heard[device.id] = lease
        case .failure(let error): refusalKinds.insert(Self.kind(of: error.refusal))
        }
    }

    /// Before the transaction is stored nothing has happened; after it only the answer is lost.
    private mutating func crashDuringRequest(
        _ device: DeviceFacts, at clock: Instant, stored: Bool
    ) {
        var copy = loop
        guard
            case .success(let lease) = copy.request(
                device, length: Self.length(of: device), at: clock), stored
        else { return }
        loop = copy
        taken.insert(lease)
    }

    /// A device reports what became of the lease it knows, perhaps late, perhaps twice.
    private mutating func report(
        _ ending: AdmissionLoop.Ending, using random: inout SplitMix64
    ) {
        let devices = heard.keys.sorted()
        guard let device = devices.randomElement(using: &random), let lease = heard[device]
        else { return }
        loop.end(lease, ending)
        if Bool.random(using: &random) { heard[device] = nil }
        noteEndings()
    }

    /// Everyone falls silent until the last lease has expired.
    mutating func drain() {
        now += 1000
        loop.expire(at: at(now))
        noteEndings()
    }

    private mutating func noteEndings() {
        for (lease, entry) in loop.leases.enumerated() where entry.ending != ended[lease] {
            #expect(ended[lease] == nil, "an ended lease came back or ended twice")
            ended[lease] = entry.ending
        }
    }

    private static func kind(of refusal: AdmissionLoop.Refusal) -> String {
        switch refusal {
        case .capReached: "cap"
        case .limit(.windowClosed): "window"
        case .limit(.windowUnknown): "unknown"
        case .limit(.rateReached): "rate"
        case .limit(.egressReached): "egress"
        case .limit(.imageExceedsEgress): "too large"
        case .limit(.shareReached): "share"
        case .limit(.partnerHoldsLease): "partner"
        }
    }

    // MARK: what must hold

    func checkOpenLeases(step: Int) {
        let open = loop.leases.indices.filter { loop.leases[$0].ending == nil }
        let holders = open.map { loop.leases[$0].device }
        #expect(Set(open) == taken.subtracting(ended.keys), "a lease was lost, step \(step)")
        #expect(holders.count <= 9, "step \(step)")
        #expect(Set(holders.map(\.id)).count == holders.count, "two leases of one device")
        for (site, count) in Self.counts(holders, "site") {
            #expect(
                count == 1 || 4 * count <= sites[site, default: 0], "site \(site), step \(step)")
        }
        for (region, count) in Self.counts(holders, "region") {
            #expect(count <= 5, "region \(region), step \(step)")
        }
        for (pair, count) in Self.counts(holders, "ha_pair") {
            #expect(count == 1, "pair \(pair), step \(step)")
        }
    }

    private static func counts(_ devices: [DeviceFacts], _ name: String) -> [String: Int] {
        devices.compactMap { $0.attributes[name] }.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    /// In the minute that ends with any lease there are no more leases or bytes than allowed.
    func checkSlidingLimits() {
        let leases = loop.leases.sorted { $0.taken < $1.taken }
        for (index, last) in leases.enumerated() {
            let end = last.taken.secondsSinceEpoch
            // More than the largest allowance at once would already be too many.
            let minute = leases[max(0, index - 100)..<min(leases.count, index + 100)].filter {
                (end - 59...end).contains($0.taken.secondsSinceEpoch)
            }
            #expect(minute.count <= minute.map(\.allowance).max() ?? 0, "minute to \(last.taken)")
            #expect(minute.count <= 17)
            #expect(minute.reduce(0) { $0 + $1.length } <= 60_000_000, "minute to \(last.taken)")
        }
    }

    func checkWindow() {
        for lease in loop.leases {
            let zone = lease.device.attributes["timezone"]
            let offset: Int64 = zone == "Europe/Berlin" ? 3600 : 0
            let second = (lease.taken.secondsSinceEpoch + offset) % 86_400
            #expect(zone != nil, "a device without a time zone got a lease")
            #expect((3600..<18_000).contains(second), "outside the window at \(lease.taken)")
        }
    }
}
