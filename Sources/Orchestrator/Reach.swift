public import Model
internal import Rollouts

/// What a request would change, as far as the cohorts of a token bound it.
public enum Reach: Hashable, Sendable {
    /// It changes nothing.
    case nothing
    case device(DeviceID)
    case rollout(RolloutName)
    /// It only ends what the rollout does.
    case endOf(RolloutName)
    /// It takes back what the rollout brought.
    case revertOf(RolloutName)
    /// The devices of a rollout file; whoever takes the file has to ask
    /// ``Orchestrator/requireReach(of:over:)``.
    case rolloutFile
    /// More than the devices of any cohort.
    case everything
}

/// What a token that is bounded to cohorts reaches.
///
/// A device must be picked by the newest version of one of its cohorts. A rollout must be *seen* to
/// go to nobody else: its selector is that of one of the cohorts, or such a one `and` more, or
/// several such, joined by `or`. What cannot be seen is refused. So is a rollout that would end
/// others, and one whose revert would ask only for what devices run.
extension Orchestrator {
    func require(
        _ reach: Reach, of principal: Principal, _ store: any StoreReader,
        in context: SelectorContext
    ) throws {
        guard let cohorts = principal.cohorts else { return }
        switch reach {
        case .nothing, .rolloutFile: return
        case .everything: throw Self.outside(principal, "it changes more")
        case .device(let id):
            guard let facts = try store.facts(of: id) else {
                throw Refusal.unknown("there is no device called \(id)")
            }
            let picked = try selectors(of: cohorts, .newest, store).contains {
                $0.matches(facts, in: context)
            }
            guard picked else { throw Self.outside(principal, "device \(id) is in none of them") }
        case .rollout(let name):
            try requireWithin(cohorts, .newest, spec(ofRollout: name, store), principal, store)
        case .endOf(let name):
            try requireWithin(cohorts, .any, spec(ofRollout: name, store), principal, store)
        case .revertOf(let name):
            let spec = try spec(ofRollout: name, store)
            try requireWithin(cohorts, .newest, spec, principal, store)
            guard !spec.selector.asksWhatDevicesRun else {
                throw Self.outside(
                    principal, "the revert of rollout \(name) goes to all that run its release")
            }
        }
    }

    /// Whether `principal` may plan and start the rollout of this file.
    ///
    /// - Throws: ``Refusal/forbidden(_:)``.
    public func requireReach(
        of principal: Principal, over file: RolloutFile
    ) async throws(Refusal) {
        guard let cohorts = principal.cohorts else { return }
        try await read { store in
            let spec = try self.spec(of: file, store).spec
            try requireWithin(cohorts, .newest, spec, principal, store)
            guard spec.supersedes == .none else {
                throw Self.outside(principal, "supersedes: it would end other rollouts")
            }
            guard spec.failureAction == .pause || !spec.selector.asksWhatDevicesRun else {
                throw Self.outside(
                    principal, "on_failure: its revert goes to all that run its release")
            }
        }
    }

    private enum Versions {
        case newest
        /// What ends a rollout of theirs stays possible after its cohort was saved anew.
        case any
    }

    private func requireWithin(
        _ cohorts: Set<CohortName>, _ versions: Versions, _ spec: RolloutSpec,
        _ principal: Principal, _ store: any StoreReader
    ) throws {
        let bounds = try selectors(of: cohorts, versions, store)
        guard spec.selector.isSeenWithin(bounds) else {
            throw Self.outside(
                principal, "the selector of rollout \(spec.name) is not seen to stay within them")
        }
    }

    private func spec(ofRollout name: RolloutName, _ store: any StoreReader) throws -> RolloutSpec {
        try plan(of: Self.existing(name, store)).spec
    }

    private func selectors(
        of cohorts: Set<CohortName>, _ versions: Versions, _ store: any StoreReader
    ) throws -> [Selector] {
        let records: [CohortRecord] =
            switch versions {
            case .newest: try cohorts.compactMap { try store.newestVersion(of: $0) }
            case .any: try cohorts.flatMap { try store.versions(of: $0) }
            }
        return try records.map { try Selector($0.expanded, cohorts: .expanded) }
    }

    private static func outside(_ principal: Principal, _ reason: String) -> Refusal {
        let cohorts = (principal.cohorts ?? []).sorted().map(\.text).joined(separator: ", ")
        return .forbidden("\(principal.name) may change devices of \(cohorts) only; \(reason)")
    }
}
