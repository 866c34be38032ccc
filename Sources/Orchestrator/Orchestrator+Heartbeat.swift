internal import Audit
internal import JSON
internal import Model
internal import Rollouts

/// When the server was there to listen: nobody is silent whom nobody could hear.
extension Orchestrator {
    /// How often a running server notes that it is there.
    public static let heartbeatPeriod = Duration.seconds(15)
    /// Shorter absences are those of a restart.
    private static let shortestAbsence = Duration.seconds(60)

    /// Notes that the server is there; to be called at least every ``heartbeatPeriod``.
    ///
    /// Who could not be heard because the database was away is excused as if no server had run.
    /// Only the server that steps does so: by the clocks of several, which differ, somebody would
    /// seem to be away all the time.
    ///
    /// - Returns: Whether `right` was good; else nothing was done.
    @discardableResult
    public func beat(by right: SteppingRight) async throws(Refusal) -> Bool {
        let moment = now()
        return try await write(as: .server, at: moment) { store in
            guard try store.isGood(right) else { return false }
            try excuseAbsence(store, at: moment)
            return true
        }
    }

    /// Whether a server has listened up to `moment`, as far as anybody knows.
    ///
    /// Where none has, because it was away or its clock was set forward, nobody's silence and no
    /// passing of time counts before ``excuseAbsence()`` has given it back.
    func hasListened(_ store: any StoreReader, until moment: Instant) throws -> Bool {
        guard let last = try store.heartbeat() else { return true }
        return moment.elapsed(since: last) < Self.shortestAbsence
    }

    /// Whether the lease is over: nothing was heard until its end, though somebody listened.
    func isOver(
        _ offer: OfferRecord, _ store: any StoreReader, at moment: Instant
    ) throws -> Bool {
        try offer.expires <= moment && hasListened(store, until: moment)
    }

    /// Gives devices back the time in which no server listened, before anything is held against
    /// them; to be called before a server does anything else.
    ///
    /// Each open lease lasts longer by as much, and each open wave soaks for longer: what nobody
    /// heard of was not healthy. No limit is touched, since leases only last longer.
    public func excuseAbsence() async throws(Refusal) {
        let moment = now()
        try await write(as: .server, at: moment) { try excuseAbsence($0, at: moment) }
    }

    private func excuseAbsence(_ store: any StoreWriter, at moment: Instant) throws {
        let last = try store.heartbeat() ?? moment
        let absence = moment.elapsed(since: last)
        if absence >= Self.shortestAbsence {
            let open = try store.openOffers()
            for var offer in open {
                offer.expires = offer.expires.advanced(by: absence)
                try store.update(offer)
            }
            if !open.isEmpty {
                try store.audit(
                    AuditEntry(
                        .leasesExtended, AuditSubject(.lease, "all"), before: nil,
                        after: [
                            "by_s": .integer(absence.components.seconds),
                            "count": .integer(Int64(open.count)),
                        ]))
            }
            try prolongSoaks(by: absence, store, at: moment)
            try store.add(
                EventRecord(
                    at: moment, device: nil, rollout: nil,
                    what: "nobody listened since \(last); open leases last as much longer,"
                        + " and open waves soak as much longer"))
        }
        try store.beat(at: moment)
    }

    /// Open waves are taken to have opened later, and stay approved.
    private func prolongSoaks(
        by absence: Duration, _ store: any StoreWriter, at moment: Instant
    ) throws {
        for var rollout in try store.rollouts() {
            guard case .running(let wave, let since, let started) = rollout.state else { continue }
            let later = since.advanced(by: absence)
            rollout.state = .running(wave: wave, since: later, started: started)
            let approvals = try store.approvals(of: rollout.name)
            try store.update(rollout, at: moment)
            for var approval in approvals where approval.wave == wave && approval.since == since {
                approval.since = later
                try store.add(approval)
            }
        }
    }
}
