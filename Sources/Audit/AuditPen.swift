internal import JSON
public import Model
public import Trust

/// What writes rows: the same hand, at the same moment, for all changes of one transaction.
public struct AuditPen: Sendable {
    public let actor: AuditActor
    public let at: Instant
    private let hashing: any Hashing

    public init(_ actor: AuditActor, at moment: Instant, hashing: any Hashing) {
        self.actor = actor
        at = moment
        self.hashing = hashing
    }

    /// The row that comes after `head`.
    public func row(_ entry: AuditEntry, after head: AuditHead) -> AuditRow {
        var row = AuditRow(
            number: head.number + 1, at: at, actor: actor.text, action: entry.action.rawValue,
            subject: entry.subject.text, device: entry.device, rollout: entry.rollout,
            before: entry.before.map { .object($0) }, after: entry.after.map { .object($0) },
            previous: head.sha256, sha256: head.sha256)
        row.sha256 = row.hash(by: hashing)
        return row
    }
}
