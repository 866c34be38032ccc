internal import Model
internal import Rollouts
internal import Synchronization
internal import Trust

/// All rollouts as one transaction sees them, with what follows from them for every device.
struct RolloutBook: Sendable {
    /// The newest first.
    let newestFirst: [RolloutRecord]
    /// In the order in which they are asked for a device.
    let inOrderOfRule: [RolloutRecord]
    /// How old each rollout is: the newest is 0.
    let ages: [RolloutName: Int]
    private let entries: [RolloutName: Entry]

    /// What one rollout decides by, besides its state.
    struct Entry: Sendable {
        /// `nil` for a plan of a version that this server does not know.
        let plan: RolloutPlan?
        /// Of the plan's release.
        let images: [ImageRecord]
        let paused: Set<Stratum>
        let order: FleetOrder

        func image(for hardware: HardwareModel) -> ImageRecord? {
            images.first { $0.hardware.contains(hardware) }
        }
    }

    init(_ store: any RulingReader, _ orchestrator: Orchestrator) throws {
        newestFirst = try store.rollouts()
        inOrderOfRule = newestFirst.inOrderOfRule
        ages = newestFirst.ages
        entries = Dictionary(
            try newestFirst.map { rollout in
                let plan = try? orchestrator.plan(of: rollout)
                return (
                    rollout.name,
                    Entry(
                        plan: plan,
                        images: try plan.map { try store.images(of: $0.spec.release) } ?? [],
                        paused: Set(try store.pausedStrata(of: rollout.name).map(\.stratum)),
                        order: .ofRollout(rollout.name, by: orchestrator.cryptography.hashing))
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    subscript(_ rollout: RolloutName) -> Entry? { entries[rollout] }
}

/// Tells whether rollouts are still as they were when somebody looked.
///
/// Whoever changes rollouts, what is paused of them, or images gives a new one in the same
/// transaction, by which every server sees that what it remembers is old. One that was taken back
/// with its transaction never comes again.
public struct RolloutsVersion: Hashable, Sendable {
    private let number: Int64
    private let token: Int64

    public init(number: Int64, token: Int64) {
        self.number = number
        self.token = token
    }
}

/// The newest book and the plans in it, so that they are read once for each change and not for each
/// check-in.
///
/// Nothing depends on its being there: a transaction asks for the version that it sees itself.
final class RolloutMemory: Sendable {
    private struct Kept {
        var book: (version: RolloutsVersion, book: RolloutBook)?
        var plans: [RolloutName: (rollout: RolloutRecord, plan: RolloutPlan)] = [:]
        var untried: [RolloutName: UntriedPass] = [:]
        var silence: [RolloutName: (newest: Instant, control: OverdueGrading.Control)] = [:]
    }

    private static let mostPlans = 1000

    private let kept = Mutex(Kept())

    func book(of version: RolloutsVersion) -> RolloutBook? {
        kept.withLock { $0.book?.version == version ? $0.book?.book : nil }
    }

    func keep(_ book: RolloutBook, of version: RolloutsVersion) {
        kept.withLock { $0.book = (version, book) }
    }

    /// The plan that was made from just this record, whatever its state was.
    func plan(of rollout: RolloutRecord) -> RolloutPlan? {
        let found = kept.withLock { $0.plans[rollout.name] }
        guard let found, found.rollout.hasPlan(of: rollout) else { return nil }
        return found.plan
    }

    /// How far the search for devices that the rollout has not tried has come.
    func untried(in rollout: RolloutName) -> UntriedPass? { kept.withLock { $0.untried[rollout] } }

    func keep(_ pass: UntriedPass, in rollout: RolloutName) {
        kept.withLock { kept in
            if kept.untried.count >= Self.mostPlans { kept.untried = [:] }
            kept.untried[rollout] = pass
        }
    }

    /// How many others were silent with the rollout's newest overdue device, if somebody has looked.
    func silence(in rollout: RolloutName, of newest: Instant) -> OverdueGrading.Control? {
        let seen = kept.withLock { $0.silence[rollout] }
        return seen.flatMap { $0.newest == newest ? $0.control : nil }
    }

    func keep(
        _ control: OverdueGrading.Control, in rollout: RolloutName, of newest: Instant
    ) {
        kept.withLock { kept in
            if kept.silence.count >= Self.mostPlans { kept.silence = [:] }
            kept.silence[rollout] = (newest, control)
        }
    }

    func keep(_ plan: RolloutPlan, of rollout: RolloutRecord) {
        kept.withLock { kept in
            if kept.plans.count >= Self.mostPlans { kept.plans = [:] }
            kept.plans[rollout.name] = (rollout, plan)
        }
    }
}

extension RolloutRecord {
    /// Whether the same plan follows from both.
    fileprivate func hasPlan(of other: RolloutRecord) -> Bool {
        fileJSON == other.fileJSON && listed == other.listed && deviceCounts == other.deviceCounts
            && hardware == other.hardware
    }
}

extension Orchestrator {
    /// The rollouts that the transaction sees.
    func book(_ store: any RulingReader) throws -> RolloutBook {
        guard let version = try store.rolloutsVersion() else {
            return try RolloutBook(store, self)
        }
        if let book = memory.book(of: version) { return book }
        let book = try RolloutBook(store, self)
        memory.keep(book, of: version)
        return book
    }
}
