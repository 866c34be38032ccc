internal import Model

/// What the limits of a simulated rollout count, kept up to date with each lease.
///
/// The rule is ``RolloutPlan/admission(of:bucket:state:image:attempt:paused:in:zones:counts:)`` alone. The
/// ledger remembers what its refusals said of the moments to come, so that a device is not asked
/// about while the answer is known to be no.
struct LimitLedger {
    private let simulation: RolloutSimulation
    private var openInGroup: [Int]
    /// For each group that may hold one lease, who does; -1 for nobody.
    private var holders: [Int]
    private var leases: RecentTaking?
    private var bytes: RecentTaking?
    /// Leases of the whole rollout, for waves that count by other units.
    private var history: [Instant] = []
    private var rateOpens: Instant?
    private var egressOpens: Instant?
    /// By clock, until when the window is known to be closed.
    private var windowOpens: [Int: Instant] = [:]
    private var openWave = 0

    init(of simulation: RolloutSimulation) {
        self.simulation = simulation
        openInGroup = Array(repeating: 0, count: simulation.groups.groupCount)
        holders = Array(repeating: -1, count: simulation.groups.groupCount)
        bytes = simulation.plan.spec.limits.egress.map { RecentTaking(unit: $0.unit) }
    }

    mutating func open(_ wave: Int) {
        openWave = wave
        rateOpens = nil
        leases = simulation.plan.waves[wave].spec.rate.map { rate in
            var taking = RecentTaking(unit: rate.start.unit)
            for moment in history { taking.take(1, at: moment) }
            return taking
        }
    }

    // MARK: what is known

    /// When it may be worth asking again, where the answer is known to be no; else `nil`.
    ///
    /// `now` stands for a moment that nobody knows.
    func refusal(of device: Int, openLeases: Int, at now: Int64) -> Int64? {
        let start = simulation.start
        if let opens = windowOpens[simulation.clocks[device]] {
            let seconds = opens.elapsed(since: start).components.seconds
            if seconds > now { return seconds }
        }
        if openLeases >= simulation.plan.spec.limits.concurrent { return now }
        for opens in [rateOpens, egressOpens] {
            if let opens, case let seconds = opens.elapsed(since: start).components.seconds,
                seconds > now
            {
                return seconds
            }
        }
        for membership in simulation.groups.memberships {
            let group = membership.groups[device]
            if group >= 0, openInGroup[group] >= simulation.groups.places[group] { return now }
        }
        return nil
    }

    /// Remembers what a refusal says of other moments, and tells when to ask for this device again.
    mutating func learn(_ refusal: AdmissionRefusal, by device: Int, at now: Int64) -> Int64 {
        guard case .limited(let limit) = refusal else { return now }
        let opens: Instant?
        switch limit {
        case .windowClosed(let moment):
            opens = moment
            windowOpens[simulation.clocks[device]] = moment
        case .rateReached(_, let moment):
            opens = moment
            rateOpens = moment
        case .egressReached(_, let moment):
            opens = moment
            // A smaller image of other hardware may still fit.
            if simulation.images.count == 1 { egressOpens = moment }
        case .windowUnknown, .imageExceedsEgress, .shareReached, .partnerHoldsLease: opens = nil
        }
        return opens?.elapsed(since: simulation.start).components.seconds ?? now
    }

    // MARK: counts

    mutating func turn(to now: Instant) {
        leases?.turn(to: now)
        bytes?.turn(to: now)
    }

    /// - Precondition: ``turn(to:)`` was called for this moment.
    func counts(for device: Int, openLeases: Int, confirmed: Int) -> LimitCounts {
        var counts = LimitCounts(
            openLeases: openLeases, confirmed: confirmed, recentLeases: leases?.use,
            recentBytes: bytes?.use)
        for membership in simulation.groups.memberships {
            let group = membership.groups[device]
            guard group >= 0 else { continue }
            if membership.isShare {
                counts.members[membership.attribute] = simulation.groups.members[group]
                counts.openWithValue[membership.attribute] = openInGroup[group]
            } else if holders[group] >= 0 {
                counts.holders[membership.attribute] = simulation.fleet.devices[holders[group]].id
            }
        }
        return counts
    }

    mutating func take(by device: Int, bytes length: Int64, at now: Instant) {
        history.append(now)
        leases?.take(1, at: now)
        bytes?.take(length, at: now)
        for membership in simulation.groups.memberships {
            let group = membership.groups[device]
            guard group >= 0 else { continue }
            openInGroup[group] += 1
            holders[group] = device
        }
    }

    mutating func free(_ device: Int) {
        for membership in simulation.groups.memberships {
            let group = membership.groups[device]
            guard group >= 0 else { continue }
            openInGroup[group] -= 1
            holders[group] = -1
        }
    }

    /// A rate may grow with each step of confirmed devices.
    mutating func confirm(_ count: Int) {
        guard let rate = simulation.plan.waves[openWave].spec.rate,
            count.isMultiple(of: rate.step)
        else { return }
        rateOpens = nil
    }
}
