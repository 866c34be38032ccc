public import Model
public import Rollouts

/// Where the orchestrator keeps what it knows.
///
/// What `write` returned survives a power cut; a `body` that throws leaves nothing behind. Writes
/// happen one after another, so that a limit that is counted in one holds.
public protocol Store: Sendable {
    /// - Throws: What `body` throws, or ``StoreError``.
    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer

    /// - Throws: What `body` throws, or ``StoreError``.
    func write<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws -> Answer
}

/// Questions inside one transaction.
public protocol StoreReader {
    func device(_ id: DeviceID) throws -> DeviceRecord?
    /// All devices, by id.
    func devices() throws -> [DeviceRecord]
    func images(of release: ReleaseID) throws -> [ImageRecord]
    /// All images, by release.
    func images() throws -> [ImageRecord]
    func rollout(_ name: RolloutName) throws -> RolloutRecord?
    /// All rollouts, the newest first.
    func rollouts() throws -> [RolloutRecord]
    func openOffer(of device: DeviceID) throws -> OfferRecord?
    /// The device's newest offer of the rollout that was not cancelled.
    func attempt(of device: DeviceID, in rollout: RolloutName) throws -> OfferRecord?
    /// Every device's newest offer of the rollout that was not cancelled.
    func attempts(in rollout: RolloutName) throws -> [OfferRecord]
    func openOfferCount(in rollout: RolloutName) throws -> Int
    /// Offers of the rollout that were made after `since`, whatever came of them.
    func recentOffers(of rollout: RolloutName, since: Instant) throws -> RecentUse?
    /// The bytes that those offers are for.
    func recentBytes(of rollout: RolloutName, since: Instant) throws -> RecentUse?
    /// Active devices whose attribute has this value.
    func activeDeviceCount(_ attribute: String, _ value: String) throws -> Int
    /// Devices whose attribute had this value when they took the lease that they hold, of any
    /// rollout; by id.
    func leaseHolders(_ attribute: String, _ value: String) throws -> [DeviceID]
    func tallies(of rollout: RolloutName) throws -> [WaveTally]
    /// The same without the devices of paused strata.
    func talliesOutsidePausedStrata(of rollout: RolloutName) throws -> [WaveTally]
    /// The decided devices outside paused strata by their values of these attributes.
    func decided(
        in rollout: RolloutName, by attributes: [String]
    ) throws -> [Stratum: DecidedCount]
    func pausedStrata(of rollout: RolloutName) throws -> [PausedStratum]
    func approvals(of rollout: RolloutName) throws -> [ApprovalRecord]
    /// The newest answer of each check that was asked while the rollout had this revision.
    func outsideAnswers(
        of rollout: RolloutName, revision: Int64
    ) throws -> [CheckName: AskedAnswer]
    /// Open offers whose lease ended at `now` or before.
    func expiredOffers(at now: Instant) throws -> [OfferRecord]
}

/// Questions and changes inside one transaction.
public protocol StoreWriter: StoreReader {
    /// Adds the device or replaces it.
    func save(_ device: DeviceRecord) throws
    /// Adds the image, or replaces the one under its path.
    func save(_ image: ImageRecord) throws
    func removeImage(at path: TargetPath) throws
    func add(_ rollout: RolloutRecord) throws
    /// - Throws: ``StoreError/conflict`` unless the stored revision is that of `rollout`; it then
    ///   becomes one more.
    func update(_ rollout: RolloutRecord) throws
    /// - Parameter values: Of the device's attributes, those that limits go by while the lease lasts.
    func add(_ offer: OfferRecord, values: [String: String]) throws
    func update(_ offer: OfferRecord) throws
    /// Adds the stratum; the same one again changes nothing.
    func add(_ stratum: PausedStratum) throws
    /// Adds the approval; the same one again changes nothing.
    func add(_ approval: ApprovalRecord) throws
    func add(_ answer: OutsideAnswerRecord) throws
    func add(_ event: EventRecord) throws
}

/// Why the store could not do its part; nothing was stored.
public enum StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Somebody else holds it; try again.
    case busy
    case full
    /// Somebody else changed the same thing first.
    case conflict
    /// The file is not a database of ours, or of a newer version.
    case foreign(String)
    case failed(String)

    public var description: String {
        switch self {
        case .busy: "the database is busy; try again"
        case .full: "the disk is full"
        case .conflict: "somebody else changed it first; look again"
        case .foreign(let problem): problem
        case .failed(let problem): "the database failed: \(problem)"
        }
    }
}
