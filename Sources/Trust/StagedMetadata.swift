public import JSON
public import Model

/// Metadata on its way to being published: what it says, and who has signed it so far.
///
/// It travels between people and machines as the file that it will become, so that each can add a
/// signature where the key lies. A signature gets in only after it was verified.
public struct StagedMetadata: Hashable, Sendable {
    public let role: RoleName
    /// What it says; nobody has checked that it makes sense.
    public let document: JSONObject
    public private(set) var signatures: [KeyID: [UInt8]]

    init(_ role: RoleName, document: JSONObject) {
        self.role = role
        self.document = document
        signatures = [:]
    }

    /// Reads metadata that is signed in part, or not at all.
    ///
    /// - Throws: ``TrustError/tooLong(_:limitBytes:)`` or ``TrustError/malformed(_:problem:)``.
    public init(
        parsing bytes: [UInt8], of role: RoleName, limits: Limits
    ) throws(TrustError) {
        let signed = try SignedMetadata(
            bytes, of: role, limitBytes: limits.bytes(of: role),
            maximumSignatures: limits.signatures)
        let fields = try signed.fields()
        _ = try reading(role) { () throws(JSONShapeError) in
            try MetadataHeader(fields, of: role)
        }
        self.role = role
        document = fields.members
        signatures = signed.envelope.signaturesByKey
    }

    /// What every signature covers.
    public var payload: [UInt8] { JSONValue.object(document).canonicalBytes }

    public var version: Int64 { header?.version ?? 0 }
    public var expires: Instant { header?.expires ?? Instant(secondsSinceEpoch: 0) }

    private var header: MetadataHeader? {
        guard let fields = try? JSONFields(.object(document)) else { return nil }
        return try? MetadataHeader(fields, of: role)
    }

    /// The file: the document and the signatures so far.
    public var bytes: [UInt8] {
        SignedEnvelope(
            signed: document,
            signatures: signatures.sorted { $0.key.text < $1.key.text }.map {
                SignedEnvelope.Signature(keyID: $0.key.text, bytes: $0.value)
            }
        ).bytes
    }

    /// Adds the signature of `signer` under every name that `roles` know its key by.
    ///
    /// - Throws: What the signer throws, or ``SigningError``.
    public mutating func sign(
        with signer: any Signer, for roles: [Role], checker: some SignatureChecker
    ) throws {
        let keyIDs = Set(
            roles.flatMap(\.keys).filter { $0.value == signer.publicKey }.map(\.key))
        guard !keyIDs.isEmpty else { throw SigningError.notAKey(of: role) }
        let signature = try signer.sign(payload)
        for keyID in keyIDs.sorted(by: { $0.text < $1.text }) {
            try add(signature, by: keyID, for: roles, checker: checker)
        }
    }

    /// Adds a signature that was made elsewhere.
    ///
    /// - Throws: ``SigningError``.
    public mutating func add(
        _ signature: [UInt8], by keyID: KeyID, for roles: [Role], checker: some SignatureChecker
    ) throws(SigningError) {
        guard let key = roles.lazy.compactMap({ $0.keys[keyID] }).first else {
            throw .notAKey(of: role)
        }
        guard checker.isValid(signature, by: key, over: payload) else { throw .invalid(keyID) }
        signatures[keyID] = signature
    }

    /// How far each of `roles` is with signing it.
    public func progress(
        for roles: [Role], checker: some SignatureChecker
    ) -> [SigningProgress] {
        let payload = payload
        return roles.map { role in
            let signers = role.signers(of: payload, signatures: signatures, by: checker)
            return SigningProgress(
                signed: role.keys.filter { signers.contains($0.value) }.map(\.key).sorted(),
                waiting: role.keys.filter { !signers.contains($0.value) }.map(\.key).sorted(),
                threshold: role.threshold, distinct: signers.count)
        }
    }
}

/// Who of a role has signed, and who still may.
public struct SigningProgress: Hashable, Sendable {
    public let signed: [KeyID]
    public let waiting: [KeyID]
    public let threshold: Int
    /// How many different keys signed; two names for one key count once.
    let distinct: Int

    /// How many signatures are still needed.
    public var missing: Int { max(0, threshold - distinct) }
}

/// Why a signature was not taken.
public enum SigningError: Error, Hashable, CustomStringConvertible {
    case notAKey(of: RoleName)
    /// Nothing of the role waits for signatures.
    case notStaged(RoleName)
    /// The key's holder signed something else, or the signature was damaged on the way.
    case invalid(KeyID)

    public var description: String {
        switch self {
        case .notAKey(let role): "the key is none of those that may sign \(role)"
        case .notStaged(let role): "nothing of \(role) waits to be signed"
        case .invalid(let keyID):
            "the signature of key \(keyID) is not one over this metadata;"
                + " it may be over an older draft, or the signer is broken"
        }
    }
}

extension Limits {
    /// The most bytes that metadata of `role` may have.
    public func bytes(of role: RoleName) -> Int {
        switch role {
        case .root: rootBytes
        case .timestamp: timestampBytes
        case .snapshot: snapshotBytes
        case .targets, .offer, .delegated: targetsBytes
        }
    }
}
