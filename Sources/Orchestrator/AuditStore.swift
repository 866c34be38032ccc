public import Audit
public import Wire

/// Questions about the log of changes.
public protocol AuditReader {
    /// The rows after the one with this number that the query picks, by number.
    func auditRows(
        _ query: AuditQuery, after number: Int64, limit: Int
    ) throws -> [AuditRow]
    /// The newest rows that the query picks, by number.
    func newestAuditRows(_ query: AuditQuery, limit: Int) throws -> [AuditRow]
    func auditHead() throws -> AuditHead
    /// The checkpoints of rows after `number`, up to the row `last`, by number.
    func auditCheckpoints(after number: Int64, through last: Int64) throws -> [SignedCheckpoint]
    func newestAuditCheckpoint() throws -> SignedCheckpoint?
    /// How much there is of everything that decisions are made from, by its table.
    func recordCounts() throws -> [String: Int]
}

/// Changes of the log.
///
/// Whatever changes a record in a ``StoreWriter`` writes its row itself, in the same transaction,
/// and no row where nothing has changed. These changes leave none:
/// - the sequence, last sight, boot and phase of a device, which say that it lives, and the time
///   that a lease that is renewed by it lasts;
/// - the attempts that follow from an offer, which its rows tell of;
/// - plans that were shown: nothing happens by them, and a start names the digest of its plan;
/// - the heartbeat, and the events, which are a log themselves.
public protocol AuditWriter {
    /// Writes one row, as the one who writes in this transaction.
    func audit(_ entry: AuditEntry) throws
    /// Keeps a checkpoint; one of the same row stays as it is.
    func add(_ checkpoint: SignedCheckpoint) throws
}

/// Which rows are asked for; everything for nothing named.
public struct AuditQuery: Hashable, Sendable {
    /// What was changed; for a device or a rollout all that concerns it.
    public var subject: AuditSubject?
    public var actor: AuditActor?

    public static let all = AuditQuery()

    public init(subject: AuditSubject? = nil, actor: AuditActor? = nil) {
        self.subject = subject
        self.actor = actor
    }
}
