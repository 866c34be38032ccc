internal import JSON
public import Model
public import Trust
public import Wire

/// Reads a log row by row and finds the first place where something is wrong.
///
/// It holds one row at most, however long the log is. Give it everything in order, and then ask
/// ``finish()``.
public struct AuditVerifier {
    /// Whose signatures count.
    public enum Trusted: Sendable {
        case keys([PublicKey])
        /// Nobody's: only the chain is looked at, which anybody can make anew.
        case nobody
    }

    private let trusted: Trusted
    private let cryptography: CryptographySuite
    /// Checkpoints that were kept elsewhere and whose rows have not come yet, by number.
    private var kept: [AuditCheckpoint]
    private var repository: Digest?
    private var head = AuditHead.start
    /// The number of the newest checkpoint that was found to be right.
    private var covered: Int64 = 0
    /// The same among the log's own, which are chained by their numbers.
    private var lastCheckpoint: Int64 = 0
    private var lineCount = 0

    /// - Parameters:
    ///   - kept: Checkpoints that somebody kept outside the log.
    /// - Throws: ``AuditFinding`` when one of them is not signed, or they are of several logs.
    public init(
        trusting trusted: Trusted, kept: [SignedCheckpoint], cryptography: CryptographySuite
    ) throws(AuditFinding) {
        self.trusted = trusted
        self.cryptography = cryptography
        self.kept = []
        for checkpoint in kept {
            try check(checkpoint)
            self.kept.append(checkpoint.unverified)
        }
        self.kept.sort { $0.number < $1.number }
    }

    /// What a log that holds was found to be.
    public struct Verdict: Hashable, Sendable {
        public let rows: Int64
        public let sha256: Digest
        /// The newest row that a signature covers; 0 when none was to be looked at.
        public let coveredRows: Int64
    }

    // MARK: Lines of an export

    /// Takes a line of an export, without its end.
    public mutating func take(line: [UInt8]) throws(AuditFinding) {
        lineCount += 1
        switch try Self.read(line, lineCount) {
        case .row(let row): try take(row)
        case .checkpoint(let checkpoint): try take(checkpoint)
        }
    }

    private enum Line {
        case row(AuditRow)
        case checkpoint(SignedCheckpoint)
    }

    /// Nothing is read that the server would have written otherwise: not even blanks may change.
    private static func read(_ line: [UInt8], _ number: Int) throws(AuditFinding) -> Line {
        do {
            let value = try JSONValue(
                parsing: line, limits: .standard(bytes: AuditRow.limitBytes))
            let fields = try JSONFields(value)
            let read: Line
            let written: [UInt8]
            if fields.optionalValue("signed") == nil {
                let row = try AuditRow(fields)
                (read, written) = (.row(row), row.bytes)
            } else {
                let checkpoint = try SignedCheckpoint(value)
                (read, written) = (.checkpoint(checkpoint), checkpoint.canonicalLine)
            }
            guard written == line else {
                throw AuditFinding.unreadable(line: number, problem: "it was written otherwise")
            }
            return read
        } catch let finding as AuditFinding { throw finding } catch {
            throw .unreadable(line: number, problem: "\(error)")
        }
    }

    // MARK: Rows and checkpoints

    public mutating func take(_ row: AuditRow) throws(AuditFinding) {
        guard row.number == head.number + 1 else {
            throw .missing(row: head.number + 1, found: row.number)
        }
        guard row.hash(by: cryptography.hashing) == row.sha256 else {
            throw .changed(row: row.number)
        }
        guard row.previous == head.sha256 else { throw .torn(row: row.number) }
        head = AuditHead(row)
        while let checkpoint = kept.first, checkpoint.number == row.number {
            guard checkpoint.sha256 == row.sha256 else { throw .contradicted(row: row.number) }
            covered = row.number
            kept.removeFirst()
        }
    }

    /// Takes a checkpoint, which has to be of the row that came last.
    public mutating func take(_ signed: SignedCheckpoint) throws(AuditFinding) {
        let checkpoint = signed.unverified
        try check(signed)
        guard checkpoint.number == head.number, checkpoint.number > lastCheckpoint,
            checkpoint.previous == lastCheckpoint
        else { throw .misplaced(checkpoint: checkpoint.number) }
        guard checkpoint.sha256 == head.sha256 else {
            throw .contradicted(row: checkpoint.number)
        }
        lastCheckpoint = checkpoint.number
        covered = checkpoint.number
    }

    /// Whether it is signed, and of the log that all others are of.
    private mutating func check(_ signed: SignedCheckpoint) throws(AuditFinding) {
        let checkpoint = signed.unverified
        switch trusted {
        case .nobody: break
        case .keys(let keys):
            guard signed.isSigned(by: keys, cryptography: cryptography) else {
                throw .unsigned(row: checkpoint.number)
            }
        }
        guard checkpoint.repository == repository ?? checkpoint.repository else {
            throw .foreign(checkpoint: checkpoint.number)
        }
        repository = checkpoint.repository
    }

    /// Ends the log.
    ///
    /// - Throws: ``AuditFinding`` when it should be longer, or its end is covered by no signature.
    public func finish() throws(AuditFinding) -> Verdict {
        if let checkpoint = kept.last {
            throw .cut(last: head.number, signed: checkpoint.number)
        }
        switch trusted {
        case .nobody: return Verdict(rows: head.number, sha256: head.sha256, coveredRows: 0)
        case .keys:
            guard covered == head.number, head.number > 0 else {
                throw .uncovered(after: covered, last: head.number)
            }
            return Verdict(rows: head.number, sha256: head.sha256, coveredRows: covered)
        }
    }
}

extension SignedMessage<AuditCheckpoint> {
    /// The one way to write it: with no member that nobody reads.
    fileprivate var canonicalLine: [UInt8] {
        SignedEnvelope(signed: unverified.json, signatures: envelope.signatures).bytes
    }
}
