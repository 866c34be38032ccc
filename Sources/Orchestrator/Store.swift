public import Audit
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

    /// As ``read(_:)``, for what looks at a whole fleet: these wait for one another, and nobody else
    /// waits for them.
    ///
    /// - Throws: What `body` throws, or ``StoreError``.
    func readFleet<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer

    /// - Parameter pen: Writes what changes into the log, in the same transaction.
    /// - Throws: What `body` throws, or ``StoreError``.
    func write<Answer: Sendable>(
        with pen: AuditPen, _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws -> Answer
}

extension Store {
    /// For stores in which nobody waits for long.
    public func readFleet<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer { try await read(body) }
}

/// What decides for one device, as it is now or as it was at an earlier moment.
public protocol RulingReader: SearchReader {
    func facts(of device: DeviceID) throws -> DeviceFacts?
    func images(of release: ReleaseID) throws -> [ImageRecord]
    /// All rollouts, the newest first.
    func rollouts() throws -> [RolloutRecord]
    func pausedStrata(of rollout: RolloutName) throws -> [PausedStratum]
    func openOffer(of device: DeviceID) throws -> OfferRecord?
    func openOfferCount(in rollout: RolloutName) throws -> Int
    /// Devices that have proven the rollout's release in it.
    func provenCount(in rollout: RolloutName) throws -> Int
    /// Offers of the rollout that were made after `since`, whatever came of them.
    func recentOffers(of rollout: RolloutName, since: Instant) throws -> RecentUse?
    /// The bytes that those offers are for.
    func recentBytes(of rollout: RolloutName, since: Instant) throws -> RecentUse?
    /// Active devices whose attribute has this value.
    func activeDeviceCount(_ attribute: String, _ value: String) throws -> Int
    /// Devices whose attribute had this value when they took the lease that they hold, of any
    /// rollout; by id.
    func leaseHolders(_ attribute: String, _ value: String) throws -> [DeviceID]
}

/// Questions inside one transaction.
public protocol StoreReader:
    RulingReader, CheckInReader, UntriedReader, FleetReader, TokenReader, PageReader,
    AnsweredRequestReader, WebHookReader, AuditReader, ImageReader, InventoryReader, LeaverReader,
    SteppingReader
{
    /// What decided at `moment` when `device` asked, as far as history goes back.
    func history(at moment: Instant, askedBy device: DeviceID) -> any RulingReader

    func device(_ id: DeviceID) throws -> DeviceRecord?
    /// All devices, by id.
    func devices() throws -> [DeviceRecord]
    /// Gives what rollouts decide by of all devices, by id, and holds only one of them at a time.
    func forEachDevice(_ body: (DeviceFacts) throws -> Void) throws
    /// All images, by release.
    func images() throws -> [ImageRecord]
    func rollout(_ name: RolloutName) throws -> RolloutRecord?
    func offer(_ nonce: Nonce) throws -> OfferRecord?
    /// All open offers.
    func openOffers() throws -> [OfferRecord]
    func attemptRecord(
        of device: DeviceID, in rollout: RolloutName
    ) throws -> AttemptRecord?
    func attemptRecords(in rollout: RolloutName) throws -> [AttemptRecord]
    /// How the rollout's devices stand at `now`, by wave; perhaps without those of paused strata.
    func tallies(
        of rollout: RolloutName, at now: Instant, outsidePausedStrata: Bool
    ) throws -> [WaveTally]
    /// The decided devices outside paused strata by their values of these attributes, as far as
    /// they count at `now` and failed in one of `classes`.
    func decided(
        in rollout: RolloutName, by attributes: [String], classes: Set<FailureClass>,
        at now: Instant
    ) throws -> [Stratum: DecidedCount]
    /// How silent others were when the newest of the rollout's overdue devices was overdue.
    func silenceControl(
        of rollout: RolloutName, newestOverdue: Instant
    ) throws -> OverdueGrading.Control?
    /// Of the overdue devices that count: when the newest failed, and when it was heard of last.
    func newestOverdue(in rollout: RolloutName) throws -> (failed: Instant, heard: Instant)?
    /// How long a device was under watch on average: from its offer to its proof, or to when it was
    /// heard of last; at least a minute.
    func meanExposure(in rollout: RolloutName) throws -> Duration
    /// How many proven devices that are not retired ran each release before; unknown releases are not
    /// among them.
    func origins(in rollout: RolloutName) throws -> [ReleaseID: Int]
    /// The newest version of each cohort, by name.
    func cohorts() throws -> [CohortRecord]
    /// All versions, the newest first.
    func versions(of cohort: CohortName) throws -> [CohortRecord]
    func cohort(_ version: CohortVersion) throws -> CohortRecord?
    func newestVersion(of cohort: CohortName) throws -> CohortRecord?
    func approvals(of rollout: RolloutName) throws -> [ApprovalRecord]
    /// The newest answer of each check that was asked while the rollout had this revision.
    func outsideAnswers(
        of rollout: RolloutName, revision: Int64
    ) throws -> [CheckName: AskedAnswer]
    /// When a server was last there to listen; `nil` before the first time.
    func heartbeat() throws -> Instant?
    /// Open offers whose lease ended at `now` or before.
    func expiredOffers(at now: Instant) throws -> [OfferRecord]
    func plan(_ digest: Digest) throws -> PlanRecord?
    /// The newest events of the rollout, or of the device, the oldest of them first.
    func events(
        of rollout: RolloutName, until end: Instant, limit: Int
    ) throws -> [EventRecord]
    func events(of device: DeviceID, until end: Instant, limit: Int) throws -> [EventRecord]
}

/// Questions and changes inside one transaction.
public protocol StoreWriter:
    StoreReader, CheckInWriter, TokenWriter, AnsweredRequestWriter, WebHookWriter, AuditWriter,
    InventoryWriter, LeaverWriter, SteppingWriter
{
    /// Adds the device or replaces it; what decisions are made from is remembered as of `now`.
    func save(_ device: DeviceRecord, at now: Instant) throws
    /// Adds the image, or replaces the one under its path.
    func save(_ image: ImageRecord) throws
    func removeImage(at path: TargetPath) throws
    func add(_ rollout: RolloutRecord) throws
    /// - Throws: ``StoreError/conflict`` unless the stored revision is that of `rollout`; it then
    ///   becomes one more.
    func update(_ rollout: RolloutRecord, at now: Instant) throws
    /// - Parameter values: Of the device's attributes, those that limits go by while the lease lasts.
    func add(_ offer: OfferRecord, values: [String: String]) throws
    func update(_ offer: OfferRecord) throws
    /// Adds the attempt or replaces it.
    func save(_ attempt: AttemptRecord) throws
    /// - Parameter values: Of the device when it was first tried, where failures are looked for.
    func add(values: [String: String], of attempt: AttemptRecord) throws
    func removeAttempt(of device: DeviceID, in rollout: RolloutName) throws
    /// Notes what counts at `now` as the evidence of a stop.
    func noteEvidence(in rollout: RolloutName, at now: Instant) throws
    /// What was noted last counts no more.
    func forgiveNoted(in rollout: RolloutName) throws
    /// What counts at `now` for or against devices of the stratum counts no more.
    func forgive(_ stratum: Stratum, in rollout: RolloutName, at now: Instant) throws
    /// Failures of these classes that count at `now` count no more.
    ///
    /// - Returns: How many.
    func forgive(
        _ classes: Set<FailureClass>, in rollout: RolloutName, at now: Instant
    ) throws -> Int
    /// Devices that are to be tried again have until `moment` at least before they count as failed.
    func postponeRetries(in rollout: RolloutName, until moment: Instant) throws
    /// Lets devices whose newest try failed in one of the classes try once more.
    ///
    /// - Returns: How many.
    func grantRetry(
        of classes: Set<FailureClass>, in rollout: RolloutName, at now: Instant
    ) throws -> Int
    func add(
        _ control: OverdueGrading.Control, of rollout: RolloutName, newestOverdue: Instant,
        at now: Instant
    ) throws
    /// Adds the stratum; one that is paused already stays as it is.
    ///
    /// - Returns: Whether it was added.
    @discardableResult func add(_ stratum: PausedStratum) throws -> Bool
    /// Returns whether the stratum was paused.
    func lift(_ stratum: Stratum, in rollout: RolloutName, at now: Instant) throws -> Bool
    /// Notes that a server is there to listen.
    func beat(at now: Instant) throws
    /// Adds the approval; the same one again changes nothing.
    func add(_ approval: ApprovalRecord) throws
    /// Adds the plan; the same one again changes nothing. Of all plans the newest stay.
    func add(_ plan: PlanRecord) throws
    /// - Throws: ``StoreError/conflict`` when there is such a version already.
    func add(_ cohort: CohortRecord) throws
    func add(_ answer: OutsideAnswerRecord) throws
    func add(_ event: EventRecord) throws
}

/// Why the store could not do its part; nobody may rely on anything of it.
///
/// Nothing was stored, unless a database server was lost in the very moment of the commit. To do it
/// again is safe: what devices say has a number that only rises, and what operators change has a
/// revision.
public enum StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Somebody else holds it; try again.
    case busy
    case full
    /// Somebody else changed the same thing first.
    case conflict
    /// The file is not a database of ours, or of a newer version.
    case foreign(String)
    case failed(String)
    /// Somebody whom the store needs does not answer; try again.
    case unreachable(String)

    public var description: String {
        switch self {
        case .busy: "the database is busy; try again"
        case .full: "the disk is full"
        case .conflict: "somebody else changed it first; look again"
        case .foreign(let problem), .unreachable(let problem): problem
        case .failed(let problem): "the database failed: \(problem)"
        }
    }
}
