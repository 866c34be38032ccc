import Audit
import JSON
import Model
import OpenSSL
import TestSupport
import Trust
import Wire

/// A log in memory, as a server would have written it.
struct AuditLog {
    static let cryptography = CryptographySuite(
        checker: OpenSSLSignatureChecker(), hashing: OpenSSLHashing())
    static let key = signer(1)
    static let repository = OpenSSLHashing().sha256(Array("root".utf8))

    static func signer(_ number: UInt8) -> Ed25519PrivateKey {
        do { return try Ed25519PrivateKey(seed: Array(repeating: number, count: 32)) } catch {
            preconditionFailure("32 bytes are a seed: \(error)")
        }
    }

    static func at(_ seconds: Int64) -> Instant {
        Instant(secondsSinceEpoch: 1_800_000_000 + seconds)
    }

    private(set) var rows: [AuditRow] = []
    private(set) var checkpoints: [SignedCheckpoint] = []

    /// So many rows, with a checkpoint after each of these.
    init(rows count: Int, checkpointsAfter numbers: Set<Int>, note: String = "lab") throws {
        for number in 1...count {
            add(note: "\(note) \(number)")
            if numbers.contains(number) { try sign() }
        }
    }

    mutating func add(note: String) {
        let pen = AuditPen(
            rows.count.isMultiple(of: 2) ? .operator(must(OperatorName("ada"))) : .server,
            at: Self.at(Int64(rows.count)), hashing: Self.cryptography.hashing)
        let device = must(DeviceID("gw-1"))
        rows.append(
            pen.row(
                AuditEntry(
                    .deviceChanged, AuditSubject(.device, device), device: device,
                    before: ["held_reason": .null], after: ["held_reason": .string(note)]),
                after: rows.last.map(AuditHead.init) ?? .start))
    }

    mutating func sign(
        by signer: Ed25519PrivateKey = Self.key, repository: Digest = Self.repository
    ) throws {
        checkpoints.append(
            try SignedCheckpoint(
                AuditCheckpoint(
                    AuditHead(must(rows.last)),
                    previous: checkpoints.last?.unverified.number ?? 0, at: Self.at(99),
                    repository: repository),
                signer: signer, hashing: Self.cryptography.hashing))
    }

    var lines: [[UInt8]] { AuditPage(rows: rows, checkpoints: checkpoints).exportLines }

    /// What is found in lines.
    static func finding(
        _ lines: [[UInt8]], trusting trusted: AuditVerifier.Trusted? = nil,
        kept: [SignedCheckpoint] = []
    ) -> AuditFinding? {
        do throws(AuditFinding) {
            var verifier = try AuditVerifier(
                trusting: trusted ?? .keys([key.publicKey]), kept: kept,
                cryptography: cryptography)
            for line in lines { try verifier.take(line: line) }
            _ = try verifier.finish()
            return nil
        } catch { return error }
    }
}
