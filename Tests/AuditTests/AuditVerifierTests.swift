import Audit
import JSON
import Model
import OpenSSL
import TestSupport
import Testing
import Trust
import Wire

/// Whatever was done to an export is found, and the first bad row is named.
@Suite struct AuditVerifierTests {
    private static func log() throws -> AuditLog {
        try AuditLog(rows: 6, checkpointsAfter: [3, 6])
    }

    @Test func aLogAsItWasWrittenHolds() throws {
        let log = try Self.log()
        #expect(AuditLog.finding(log.lines) == nil)
        var verifier = try AuditVerifier(
            trusting: .keys([AuditLog.key.publicKey]), kept: log.checkpoints,
            cryptography: AuditLog.cryptography)
        for line in log.lines { try verifier.take(line: line) }
        let verdict = try verifier.finish()
        #expect(verdict.rows == 6 && verdict.coveredRows == 6)
        #expect(verdict.sha256 == log.rows.last?.sha256)
    }

    /// Every byte, in two ways: nothing in a file can become something else.
    @Test func anyChangedByteIsFound() throws {
        let log = try AuditLog(rows: 3, checkpointsAfter: [2, 3])
        let whole = Array(log.lines.joined(separator: [UInt8(ascii: "\n")]))
        var unnoticed: [Int] = []
        for index in whole.indices {
            for change in [1, 0x20] as [UInt8] {
                var bytes = whole
                bytes[index] ^= change
                let lines = bytes.split(
                    separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
                ).map { Array($0) }
                if AuditLog.finding(lines) == nil { unnoticed.append(index) }
            }
        }
        #expect(unnoticed.isEmpty, "of \(whole.count)")
    }

    @Test func blanksThatNobodyWroteAreFound() throws {
        var lines = try Self.log().lines
        lines[1].insert(UInt8(ascii: " "), at: 1)
        guard case .unreadable(line: 2, _) = AuditLog.finding(lines) else {
            Issue.record("\(AuditLog.finding(lines).map { "\($0)" } ?? "nothing")")
            return
        }
    }

    // MARK: Fields

    /// What an attacker changes who does not make the hash anew, and who does.
    private static let changes: [@Sendable (inout AuditRow) -> Void] = [
        { $0.at = AuditLog.at(-1) }, { $0.actor = "operator:bob" },
        { $0.action = "device-added" }, { $0.subject = "device:gw-2" },
        { $0.device = DeviceID("gw-2") }, { $0.device = nil },
        { $0.rollout = RolloutName("r") },
        { $0.before = ["held_reason": "court"] }, { $0.before = nil }, { $0.after = [:] },
        { $0.after = ["held_reason": "lab 4", "more": 1] },
    ]

    @Test(arguments: changes.indices, [1, 4, 6])
    func aChangedFieldIsFound(change: Int, number: Int64) throws {
        let log = try Self.log()
        func lines(isHashedAnew: Bool) -> [[UInt8]] {
            var rows = log.rows
            Self.changes[change](&rows[Int(number) - 1])
            if isHashedAnew {
                rows[Int(number) - 1].sha256 = rows[Int(number) - 1].hash(
                    by: AuditLog.cryptography.hashing)
            }
            return AuditPage(rows: rows, checkpoints: log.checkpoints).exportLines
        }
        #expect(AuditLog.finding(lines(isHashedAnew: false)) == .changed(row: number))
        let hashed = AuditLog.finding(lines(isHashedAnew: true))
        #expect(hashed == (number == 6 ? .contradicted(row: 6) : .torn(row: number + 1)))
    }

    /// Fields that stand beside each other cannot lend each other bytes.
    @Test func noTwoRowsAreHashedAlike() throws {
        var row = must(try Self.log().rows.first)
        var hashes: Set<Digest> = []
        let texts = [("a", "bc"), ("ab", "c"), ("", "abc"), ("a\"", "bc"), ("a", "\"bc")]
        for (actor, action) in texts {
            row.actor = actor
            row.action = action
            hashes.insert(row.hash(by: AuditLog.cryptography.hashing))
        }
        row.before = nil
        hashes.insert(row.hash(by: AuditLog.cryptography.hashing))
        row.before = "{}"
        hashes.insert(row.hash(by: AuditLog.cryptography.hashing))
        row.before = [:]
        hashes.insert(row.hash(by: AuditLog.cryptography.hashing))
        #expect(hashes.count == texts.count + 3)
    }

    // MARK: Rows

    @Test(arguments: 1...6) func aRemovedRowIsFound(number: Int64) throws {
        let log = try Self.log()
        let rows = log.rows.filter { $0.number != number }
        let lines = AuditPage(rows: rows, checkpoints: log.checkpoints).exportLines
        let expected: AuditFinding =
            number == 6 ? .uncovered(after: 3, last: 5) : .missing(row: number, found: number + 1)
        #expect(AuditLog.finding(lines) == expected)
    }

    @Test(arguments: 1...5) func rowsInAnotherOrderAreFound(first: Int) throws {
        let log = try Self.log()
        for second in first + 1...6 {
            var rows = log.rows
            rows.swapAt(first - 1, second - 1)
            let lines = AuditPage(rows: rows, checkpoints: []).exportLines
            #expect(
                AuditLog.finding(lines) == .missing(row: Int64(first), found: Int64(second)))
        }
    }

    /// The forger makes the numbers and hashes of all later rows anew, and has no key.
    @Test(arguments: 1...7) func anInsertedRowIsFound(place: Int) throws {
        let log = try Self.log()
        var forged = try AuditLog(rows: 1, checkpointsAfter: [])
        for number in 2...7 {
            let note = number == place ? "forged" : "lab \(number > place ? number - 1 : number)"
            forged.add(note: note)
        }
        let lines = AuditPage(
            rows: forged.rows, checkpoints: place == 1 ? [] : log.checkpoints
        ).exportLines
        let finding = try #require(AuditLog.finding(lines))
        switch place {
        case 1: #expect(finding == .uncovered(after: 0, last: 7))
        case 2, 3: #expect(finding == .contradicted(row: 3))
        case 4...6: #expect(finding == .contradicted(row: 6))
        default: #expect(finding == .uncovered(after: 6, last: 7))
        }
    }

    @Test(arguments: 0...5) func aCutTailIsFound(left: Int) throws {
        let log = try Self.log()
        let lines = AuditPage(
            rows: Array(log.rows.prefix(left)), checkpoints: log.checkpoints
        ).exportLines
        // Up to the checkpoint of row 3 it is the whole log of an earlier day.
        #expect((AuditLog.finding(lines) == nil) == (left == 3))
        // Whoever kept a later checkpoint knows better.
        let kept = [must(log.checkpoints.last)]
        #expect(
            AuditLog.finding(lines, kept: kept) == .cut(last: Int64(left), signed: 6), "\(left)")
    }

    @Test func rowsBeforeTheFirstAreMissed() throws {
        let log = try Self.log()
        var rows = Array(log.rows.dropFirst())
        for index in rows.indices { rows[index].number -= 1 }
        var previous = rows[0].previous
        for index in rows.indices {
            rows[index].previous = previous
            rows[index].sha256 = rows[index].hash(by: AuditLog.cryptography.hashing)
            previous = rows[index].sha256
        }
        let lines = AuditPage(rows: rows, checkpoints: []).exportLines
        #expect(AuditLog.finding(lines) == .torn(row: 1))
    }

    // MARK: Checkpoints

    @Test func aLogThatNobodySignedIsRefused() throws {
        let log = try AuditLog(rows: 4, checkpointsAfter: [])
        #expect(AuditLog.finding(log.lines) == .uncovered(after: 0, last: 4))
        #expect(AuditLog.finding(log.lines, trusting: .nobody) == nil)
        #expect(AuditLog.finding([]) == .uncovered(after: 0, last: 0))
        let tail = try AuditLog(rows: 4, checkpointsAfter: [3])
        #expect(AuditLog.finding(tail.lines) == .uncovered(after: 3, last: 4))
    }

    @Test func aCheckpointByAnotherKeyIsRefused() throws {
        var log = try AuditLog(rows: 3, checkpointsAfter: [])
        try log.sign(by: AuditLog.signer(2))
        #expect(AuditLog.finding(log.lines) == .unsigned(row: 3))
        let both: [PublicKey] = [AuditLog.key.publicKey, AuditLog.signer(2).publicKey]
        #expect(AuditLog.finding(log.lines, trusting: .keys(both)) == nil)
        #expect(AuditLog.finding(log.lines, trusting: .keys([])) == .unsigned(row: 3))
    }

    /// A whole log that somebody else wrote and signed, with the name of the right key on it.
    @Test func theNameOfTheRightKeyIsNoSignature() throws {
        var log = try AuditLog(rows: 3, checkpointsAfter: [])
        try log.sign(by: AuditLog.signer(2))
        let name = { (number: UInt8) in
            AuditLog.signer(number).publicKey.keyID(hashing: OpenSSLHashing()).text
        }
        let line = String(decoding: must(log.lines.last), as: UTF8.self)
            .replacing(name(2), with: name(1))
        #expect(
            AuditLog.finding(log.lines.dropLast() + [Array(line.utf8)]) == .unsigned(row: 3))
    }

    @Test func aReplacedOrMissingCheckpointIsFound() throws {
        let log = try Self.log()
        let other = try AuditLog(rows: 6, checkpointsAfter: [3, 6], note: "other")
        var lines = log.lines
        #expect(lines.count == 8)
        lines[3] = other.lines[3]
        #expect(AuditLog.finding(lines) == .contradicted(row: 3))
        lines[3] = log.lines[7]
        #expect(AuditLog.finding(lines) == .misplaced(checkpoint: 6))
        lines.remove(at: 3)
        #expect(AuditLog.finding(lines) == .misplaced(checkpoint: 6))
        lines = log.lines
        lines.append(lines[7])
        #expect(AuditLog.finding(lines) == .misplaced(checkpoint: 6))
    }

    @Test func aCheckpointOfAnotherFleetIsRefused() throws {
        var log = try AuditLog(rows: 3, checkpointsAfter: [2])
        let other = OpenSSLHashing().sha256([1])
        try log.sign(repository: other)
        #expect(AuditLog.finding(log.lines) == .foreign(checkpoint: 3))
        var kept = try AuditLog(rows: 3, checkpointsAfter: [])
        try kept.sign(repository: other)
        #expect(
            AuditLog.finding(try Self.log().lines, kept: kept.checkpoints)
                == .foreign(checkpoint: 3))
    }

    /// Even with the server's key: whoever kept a checkpoint sees that the log is another one.
    @Test func aRewrittenLogIsFoundByWhoeverKeptACheckpoint() throws {
        let log = try Self.log()
        let rewritten = try AuditLog(rows: 9, checkpointsAfter: [3, 9], note: "rewritten")
        #expect(AuditLog.finding(rewritten.lines) == nil)
        for kept in log.checkpoints {
            #expect(
                AuditLog.finding(rewritten.lines, kept: [kept])
                    == .contradicted(row: kept.unverified.number))
        }
        var forged = try AuditLog(rows: 6, checkpointsAfter: [])
        try forged.sign(by: AuditLog.signer(2))
        #expect(AuditLog.finding(log.lines, kept: forged.checkpoints) == .unsigned(row: 6))
    }

    /// A signature over a checkpoint says nothing else, and nothing else that was signed says this.
    @Test func signaturesOfOtherMessagesAreNoneOfCheckpoints() throws {
        let checkpoint = must(try Self.log().checkpoints.last)
        let key = AuditLog.key.publicKey
        let keyID = key.keyID(hashing: OpenSSLHashing())
        let signature = must(checkpoint.signatures[keyID])
        #expect(
            !OpenSSLSignatureChecker().isValid(signature, by: key, over: checkpoint.payload))
        let plain = try SignedCheckpoint(
            signing: checkpoint.unverified, keyID: keyID, with: { try AuditLog.key.sign($0) })
        #expect(!plain.isSigned(by: [key], cryptography: AuditLog.cryptography))
        #expect(checkpoint.isSigned(by: [key], cryptography: AuditLog.cryptography))
    }

    // MARK: Sentences

    @Test func theFirstBadRowIsNamed() {
        let sentences: [(AuditFinding, String)] = [
            (.missing(row: 8, found: 9), "row 8 is missing: row 9 stands in its place"),
            (.changed(row: 7), "row 7 was changed"), (.torn(row: 8), "row 8 was not written after"),
            (.contradicted(row: 3), "row 3 is not the one"),
            (.cut(last: 5, signed: 9), "rows 6 to 9 were removed"),
            (.uncovered(after: 5, last: 9), "covers rows 6 to 9"),
        ]
        for (finding, text) in sentences {
            #expect("\(finding)".contains(text), "\(finding)")
        }
    }
}
