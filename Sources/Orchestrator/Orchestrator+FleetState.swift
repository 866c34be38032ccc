public import Model
internal import Rollouts
internal import Trust

/// What is seen of the fleet from outside.
extension Orchestrator {
    /// After how many times the pause between check-ins a device is overdue.
    public static let pausesUntilOverdue = 3

    /// Looks at the whole fleet in one transaction.
    ///
    /// This reads every device once, so whoever calls it again and again has to bound how often.
    public func fleetState() async throws(Refusal) -> FleetState {
        let moment = now()
        let silence = Duration.seconds(Self.pausesUntilOverdue * settings.checkInSeconds)
        return try await read { store in
            let named = try store.underWayRollouts(limit: FleetState.maximumRolloutCount)
            return FleetState(
                devices: try store.deviceCensus(
                    silentSince: moment.advanced(by: .zero - silence)),
                leases: try store.leaseCensus(at: moment),
                rolloutCounts: try store.rolloutCounts(),
                rollouts: try named.compactMap { name in
                    try store.rollout(name).map { try standing(of: $0, store, at: moment) }
                }, releaseCount: try store.releaseCount(), imageCount: try store.imageCount(),
                webHooks: try store.webHookCensus(), heartbeat: try store.heartbeat())
        }
    }

    /// One that cannot be read is seen all the same: its state is, and its waves are not.
    private func standing(
        of rollout: RolloutRecord, _ store: any StoreReader, at moment: Instant
    ) throws -> RolloutStanding {
        let plan = try? plan(of: rollout)
        let tallies = try store.tallies(
            of: rollout.name, at: moment, outsidePausedStrata: false)
        var standing = RolloutStanding(
            name: rollout.name, state: rollout.state.word,
            pauseReason: rollout.state.pauseWord, wave: nil, opened: nil, soaked: nil,
            lacksApproval: false, waves: [], evidence: nil)
        let leavers = try store.leavers(of: rollout.name)
        standing.waves = rollout.deviceCounts.enumerated().map { number, planned in
            WaveStanding(
                wave: number, planned: max(0, planned - leavers.leavers(upTo: number)),
                tally: tallies.first { $0.wave == number } ?? WaveTally(wave: number))
        }
        switch rollout.state {
        case .draft, .completed, .reverting, .aborted: break
        case .paused(let wave, _, _): standing.wave = wave
        case .running(let wave, let since, _):
            standing.wave = wave
            standing.opened = since
            guard let spec = plan?.spec.waves[wave] else { break }
            standing.soaked = since.advanced(by: spec.soak)
            standing.lacksApproval = try spec.needsApproval && !isApproved(rollout, store)
        }
        standing.evidence = try plan.map { try gateEvidence(of: rollout, $0, store, at: moment) }
        return standing
    }

    private func gateEvidence(
        of rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreReader,
        at moment: Instant
    ) throws -> GateEvidence {
        let gate = plan.spec.gate
        let counted = try store.tallies(
            of: rollout.name, at: moment, outsidePausedStrata: true
        ).map(\.evidence)
        let proven = counted.reduce(0) { $0 + $1.proven }
        let failed = counted.reduce(0) { $0 + $1.failures.total(of: gate.mainClasses) }
        return GateEvidence(
            proven: proven, failed: failed,
            harm: gate.evidenceOfHarm(failures: failed, decided: proven + failed),
            health: gate.evidenceOfHealth(failures: failed, decided: proven + failed),
            sufficient: gate.sufficientEvidence)
    }

    /// When each role of the repository ends to be valid, and its version.
    ///
    /// Of delegated roles, the one that ends first.
    public func metadataState() async throws(Refusal) -> [MetadataStanding] {
        let repository = try await publisher.repository()
        var standings = [
            MetadataStanding(
                role: "root", version: repository.root.version, expires: repository.root.expires),
            MetadataStanding(
                role: "targets", version: repository.targets.version,
                expires: repository.targets.expires),
            MetadataStanding(
                role: "snapshot", version: repository.snapshot.version,
                expires: repository.snapshot.expires),
            MetadataStanding(
                role: "timestamp", version: repository.timestamp.version,
                expires: repository.timestamp.expires),
        ]
        if let first = repository.delegated.values.min(by: { $0.expires < $1.expires }) {
            standings.append(
                MetadataStanding(
                    role: "delegated", version: first.version, expires: first.expires))
        }
        return standings
    }
}

/// One role of the repository.
public struct MetadataStanding: Hashable, Sendable {
    /// `root`, `targets`, `snapshot`, `timestamp` or `delegated`.
    public var role: String
    public var version: Int64
    public var expires: Instant
}

extension RolloutState {
    fileprivate var pauseWord: String? {
        switch self {
        case .draft, .running, .completed, .reverting, .aborted: nil
        case .paused(_, .operatorRequest, _): "operator"
        case .paused(_, .failureLimit, _): "failures"
        case .paused(_, .classLimit, _): "class"
        case .paused(_, .outsideCheck, _): "check"
        }
    }
}
