public import JSON
public import Model
public import Trust
public import Wire

/// Somebody's word, under a signature, that the log had this row and all rows before it.
///
/// Whoever holds one finds out when the log was changed or cut behind it, whatever became of the
/// server since.
public struct AuditCheckpoint: WireMessage {
    /// The newest row when it was signed.
    public var number: Int64
    public var sha256: Digest
    /// The number of the checkpoint before; 0 in the first.
    public var previous: Int64
    public var at: Instant
    /// Whose log it is: the SHA-256 of the repository's first root metadata.
    public var repository: Digest

    public init(
        _ head: AuditHead, previous: Int64, at moment: Instant, repository: Digest
    ) {
        number = head.number
        sha256 = head.sha256
        self.previous = previous
        at = moment
        self.repository = repository
    }

    private static let type = "slipway-audit-checkpoint"

    public var json: JSONObject {
        JSONObject([
            ("type", .string(Self.type)), ("number", .integer(number)),
            ("sha256", .string(sha256.hex)), ("previous", .integer(previous)),
            ("at", .string("\(at)")), ("repository", .string(repository.hex)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        guard try fields.string("type") == Self.type else {
            throw fields.refused("type", Self.type)
        }
        number = try fields.integer("number", in: 1...Int64.max)
        sha256 = try fields.digest("sha256")
        previous = try fields.integer("previous", in: 0...Int64.max)
        at = try fields.instant("at")
        repository = try fields.digest("repository")
    }
}

/// A checkpoint with its signature.
public typealias SignedCheckpoint = SignedMessage<AuditCheckpoint>

extension SignedMessage<AuditCheckpoint> {
    /// The longest signed checkpoint, in bytes.
    public static var limitBytes: Int { 16_384 }

    /// Stands before what is signed: the key that signs offers and directives signs this, too, and
    /// none of them can be taken for another.
    private static var domain: [UInt8] { Array("slipway audit checkpoint v1\n".utf8) }

    /// - Throws: What keeps the key from being used.
    public init(
        _ checkpoint: AuditCheckpoint, signer: any Signer, hashing: any Hashing
    ) throws {
        let sign = { (payload: [UInt8]) throws -> [UInt8] in
            try signer.sign(Self.domain + payload)
        }
        try self.init(
            signing: checkpoint, keyID: signer.publicKey.keyID(hashing: hashing), with: sign)
    }

    /// Whether one of `keys` has signed it.
    public func isSigned(by keys: [PublicKey], cryptography: CryptographySuite) -> Bool {
        keys.contains { key in
            guard let signature = signatures[key.keyID(hashing: cryptography.hashing)] else {
                return false
            }
            return cryptography.checker.isValid(
                signature, by: key, over: Self.domain + payload)
        }
    }
}
