public import Audit
internal import JSON
internal import Model
internal import Trust
public import Wire

/// The log of changes: who did what when, and what was there before and after.
extension Orchestrator {
    /// Begins the log of a store that has none, with what is in the store by then.
    func beginAudit() async throws(Refusal) {
        guard try await read({ try $0.auditHead() }) == .start else { return }
        try await write(as: .server, at: now()) { store in
            guard try store.auditHead() == .start else { return }
            let counts = try store.recordCounts().map {
                ($0.key, JSONValue.integer(Int64($0.value)))
            }
            try store.audit(
                AuditEntry(
                    .logStarted, AuditSubject(.log, "audit"), before: nil,
                    after: JSONObject(counts)))
        }
    }

    /// The most bytes of rows that one page holds before it ends, so that no page is huge.
    private static let pageBytes = 4_194_304
    /// How many rows are read at once.
    private static let pieceCount = 50

    /// Rows of the log, by number.
    ///
    /// - Parameters:
    ///   - number: The row after which the page begins; the newest rows for `nil`.
    ///   - limit: The most rows, up to ``AuditPage/maximumCount``; there may be fewer though more
    ///     follow, but none only at the end.
    public func auditPage(
        _ query: AuditQuery, after number: Int64?, limit: Int
    ) async throws(Refusal) -> AuditPage {
        let limit = min(max(limit, 1), AuditPage.maximumCount)
        return try await read { store in
            guard let number else {
                return AuditPage(
                    rows: try store.newestAuditRows(query, limit: limit), checkpoints: [])
            }
            let rows = try Self.rows(query, after: number, limit: limit, store)
            guard query == .all, let last = rows.last else {
                return AuditPage(rows: rows, checkpoints: [])
            }
            return AuditPage(
                rows: rows,
                checkpoints: try store.auditCheckpoints(after: number, through: last.number))
        }
    }

    private static func rows(
        _ query: AuditQuery, after number: Int64, limit: Int, _ store: any StoreReader
    ) throws -> [AuditRow] {
        var rows: [AuditRow] = []
        var byteCount = 0
        while rows.count < limit, byteCount < pageBytes {
            let wanted = min(pieceCount, limit - rows.count)
            let piece = try store.auditRows(
                query, after: rows.last?.number ?? number, limit: wanted)
            rows += piece
            byteCount += piece.reduce(0) { $0 + $1.bytes.count }
            if piece.count < wanted { break }
        }
        return rows
    }

    // MARK: Checkpoints

    /// After so many rows, and at least so often while there are new ones, the log is signed.
    private static let checkpointRows: Int64 = 1000
    private static let checkpointPeriod = Duration.seconds(3600)

    /// The newest checkpoint.
    ///
    /// - Throws: ``Refusal/unknown(_:)`` before the first.
    public func auditCheckpoint() async throws(Refusal) -> SignedCheckpoint {
        guard let newest = try await read({ try $0.newestAuditCheckpoint() }) else {
            throw .unknown("the log has no checkpoint yet")
        }
        return newest
    }

    /// Signs the log as it is, where it is time to.
    public func signAuditWhenDue() async throws(Refusal) {
        let moment = now()
        let (head, newest) = try await read { store in
            (try store.auditHead(), try store.newestAuditCheckpoint()?.unverified)
        }
        let rows = head.number - (newest?.number ?? 0)
        guard rows > 0 else { return }
        if let newest, rows < Self.checkpointRows {
            // A clock that was set back is no reason to wait for longer.
            let age = moment.elapsed(since: newest.at)
            guard age < .zero || age >= Self.checkpointPeriod else { return }
        }
        _ = try await signAudit()
    }

    /// Signs the log as it is; where nothing is new, the newest checkpoint is the answer.
    ///
    /// - Throws: ``Refusal/store(_:)`` when the log is not the one that was signed before: nothing
    ///   is signed any more.
    public func signAudit() async throws(Refusal) -> SignedCheckpoint {
        let moment = now()
        let (head, newest) = try await read { store in
            let newest = try store.newestAuditCheckpoint()
            if let newest { try Self.requireRow(of: newest.unverified, store) }
            return (try store.auditHead(), newest)
        }
        if let newest, newest.unverified.number >= head.number { return newest }
        guard head != .start else { throw .unknown("the log has no row yet") }
        let before = newest?.unverified.number ?? 0
        let signed: SignedCheckpoint
        do {
            signed = try SignedCheckpoint(
                AuditCheckpoint(
                    head, previous: before, at: moment, repository: try repositoryName()),
                signer: signers.offer, hashing: cryptography.hashing)
        } catch { throw .signing("\(error)") }
        return try await write(as: .server, at: moment) { store in
            // Another server may have signed meanwhile; its word is as good.
            let latest = try store.newestAuditCheckpoint()
            if let latest, latest.unverified.number != before { return latest }
            try store.add(signed)
            return signed
        }
    }

    private static func requireRow(
        of checkpoint: AuditCheckpoint, _ store: any StoreReader
    ) throws {
        let row = try store.auditRows(.all, after: checkpoint.number - 1, limit: 1).first
        guard
            row.map(AuditHead.init)
                == AuditHead(number: checkpoint.number, sha256: checkpoint.sha256)
        else {
            throw StoreError.failed(
                "the log of changes was cut or rewritten: row \(checkpoint.number) is not the one"
                    + " that was signed")
        }
    }

    /// What tells this fleet's log from others: the digest of the root that everything began with.
    private func repositoryName() throws -> Digest {
        guard let root = try files.metadata("1.root.json") else {
            throw Refusal.invalid("the repository has no 1.root.json")
        }
        return cryptography.hashing.sha256(root)
    }
}
