import Model
import Rollouts

/// A small admission server: a table of leases that survives crashes, and the rules around it.
///
/// Each mutating function is one transaction; a test makes a crash by throwing a copy away.
struct AdmissionLoop {
    struct Rules {
        let concurrent: Int
        let window: MaintenanceWindow
        let rate: RateCurve
        let egress: EgressBudget
        let shares: [ShareLimit]
        let apart: [NeverTogether]
        let lifetime: Duration
        let zones: FakeTimeZones
    }

    struct Lease {
        let device: DeviceFacts
        let length: Int64
        let taken: Instant
        /// What the rate allowed when this was taken.
        let allowance: Int
        let expires: Instant
        var ending: Ending?
    }

    enum Ending { case proven, failed, expired }

    enum Refusal: Hashable {
        case capReached
        case limit(LimitRefusal)
    }

    let rules: Rules
    let fleet: [DeviceFacts]
    /// Never shortened, so that ended leases count in the rates.
    private(set) var leases: [Lease] = []

    /// How many devices have a value of an attribute.
    private let members: [String: [String: Int]]

    init(rules: Rules, fleet: [DeviceFacts]) {
        self.rules = rules
        self.fleet = fleet
        members = fleet.flatMap(\.attributes.values).reduce(into: [:]) { members, attribute in
            members[attribute.key, default: [:]][attribute.value, default: 0] += 1
        }
    }

    /// The leases that have not ended.
    private(set) var open: [Int] = []
    private var confirmed = 0

    /// Gives the device its lease: the one that it holds, or a new one.
    mutating func request(
        _ device: DeviceFacts, length: Int64, at now: Instant
    ) -> Result<Int, RefusalError> {
        if let held = open.first(where: { leases[$0].device.id == device.id }) {
            return .success(held)
        }
        if let refusal = refusal(device, length: length, at: now) {
            return .failure(RefusalError(refusal: refusal))
        }
        leases.append(
            Lease(
                device: device, length: length, taken: now,
                allowance: rules.rate.allowance(confirmed: confirmed).count,
                expires: now.advanced(by: rules.lifetime)))
        open.append(leases.count - 1)
        return .success(leases.count - 1)
    }

    struct RefusalError: Error { let refusal: Refusal }

    /// Frees a lease; whoever comes second changes nothing.
    mutating func end(_ lease: Int, _ ending: Ending) {
        guard leases[lease].ending == nil else { return }
        leases[lease].ending = ending
        open.removeAll { $0 == lease }
        if ending == .proven { confirmed += 1 }
    }

    mutating func expire(at now: Instant) {
        for lease in open where leases[lease].expires <= now { end(lease, .expired) }
    }

    private func refusal(_ device: DeviceFacts, length: Int64, at now: Instant) -> Refusal? {
        guard open.count < rules.concurrent else { return .capReached }
        let limit =
            rules.window.refusal(at: now, for: device.attributes, zones: rules.zones)
            ?? groupRefusal(device)
            ?? rules.rate.refusal(
                confirmed: confirmed, recent: recent(rules.rate.start.unit, now) { _ in 1 }, at: now
            )
            ?? rules.egress.refusal(
                length: length, recent: recent(rules.egress.unit, now, \.length), at: now)
        return limit.map(Refusal.limit)
    }

    private func groupRefusal(_ device: DeviceFacts) -> LimitRefusal? {
        for limit in rules.shares {
            let value = device.attributes[limit.attribute]
            let refusal = limit.refusal(
                value: value,
                members: value.flatMap { members[limit.attribute]?[$0] } ?? 0,
                openLeases: open.count {
                    leases[$0].device.attributes[limit.attribute] == value
                })
            if let refusal { return refusal }
        }
        for limit in rules.apart {
            let value = device.attributes[limit.attribute]
            let holder = open.first { leases[$0].device.attributes[limit.attribute] == value }
            let refusal = limit.refusal(value: value, holder: holder.map { leases[$0].device.id })
            if let refusal { return refusal }
        }
        return nil
    }

    /// What the one query of ``RecentUse`` says.
    private func recent(
        _ unit: PaceUnit, _ now: Instant, _ amount: (Lease) -> Int64
    ) -> RecentUse? {
        let since = unit.opening(at: now)
        // Clocks differ by seconds only, so what is far down the table is older.
        let taken = leases.suffix(200).filter { $0.taken > since }
        return taken.map(\.taken).min().map { oldest in
            RecentUse(total: taken.reduce(0) { $0 + amount($1) }, oldest: oldest)
        }
    }
}
