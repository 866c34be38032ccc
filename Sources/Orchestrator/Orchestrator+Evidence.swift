internal import Model
internal import Rollouts

/// What gates decide by.
extension Orchestrator {
    /// - Parameter share: How much of the fleet is looked at for a device that was not tried yet,
    ///   which is enough for the verdict; `nil` to count them.
    func evidence(
        for rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreReader,
        at moment: Instant, lookingAt share: UntriedSearch.Share? = nil
    ) throws -> WaveEvidence {
        let openWave = plan.openWave(in: rollout.state) ?? -1
        let tallies = try store.tallies(of: rollout.name, at: moment, outsidePausedStrata: true)
        let failures = tallies.reduce(FailureCounts.none) { $0 + $1.evidence.failures }
        let newest = try failures[.overdue] > 0 ? store.newestOverdue(in: rollout.name) : nil
        let control = try newest.flatMap {
            try store.silenceControl(of: rollout.name, newestOverdue: $0.failed)
        }
        let isApproved = try isApproved(rollout, store)
        let outside = try outsideAnswers(for: rollout, plan, store)
        let left = try store.leavers(of: rollout.name).leavers(upTo: openWave)
        func evidence(undecided: Int) -> WaveEvidence {
            WaveEvidence(
                proven: tallies.reduce(0) { $0 + $1.evidence.proven }, failures: failures,
                provenInWave: tallies.reduce(0) { $0 + ($1.wave <= openWave ? $1.proven : 0) },
                undecided: undecided, left: left, isApproved: isApproved, control: control,
                outside: outside)
        }
        // The fleet is read only when everything else would let the wave pass.
        let hopeful = evidence(
            undecided: tallies.reduce(0) { $0 + $1.open + $1.retrying })
        guard case .promote = plan.verdict(in: rollout.state, evidence: hopeful, at: moment) else {
            return hopeful
        }
        let search = try UntriedSearch(in: rollout, plan, store, self, at: moment)
        let untried = try share.map { try search.mayFind(lookingAt: $0) ? 1 : 0 } ?? search.count()
        return evidence(undecided: hopeful.undecided + untried)
    }

    /// Whether somebody other than the author has approved the open wave since it opened.
    func isApproved(
        _ rollout: RolloutRecord, _ store: any StoreReader
    ) throws -> Bool {
        guard case .running(let wave, let since, _) = rollout.state else { return false }
        return try store.approvals(of: rollout.name).contains {
            $0.wave == wave && $0.since == since && $0.by != rollout.author
        }
    }
}
