internal import JSON
public import Model

/// Makes the metadata of a repository: documents from facts, signed by the keys it is handed.
public struct RepositoryWriter: Sendable {
    private let hashing: any Hashing

    public init(hashing: any Hashing) { self.hashing = hashing }

    /// - Throws: What a signer throws.
    public func root(_ ceremony: RootCeremony, signers: [any Signer]) throws -> [UInt8] {
        try sign(ceremony.document(hashing: hashing), signers)
    }

    /// Targets without any image, for a repository that begins.
    public func emptyTargets(expires: Instant, signers: [any Signer]) throws -> [UInt8] {
        try sign(
            Targets.document(version: 1, expires: expires, entries: JSONObject([])), signers)
    }

    /// The targets that follow `current`, with `image` added.
    public func targets(
        following current: Targets, adding image: SignedImage, expires: Instant,
        signers: [any Signer]
    ) throws -> [UInt8] {
        let entries = current.entries.setting(image.image.path.text, to: image.json)
        return try sign(
            Targets.document(
                version: current.version + 1, expires: expires, entries: entries), signers)
    }

    /// A snapshot that names `targets`, whose version is `targetsVersion`.
    public func snapshot(
        version: Int64, targets: [UInt8], targetsVersion: Int64, expires: Instant,
        signers: [any Signer]
    ) throws -> [UInt8] {
        try sign(
            Snapshot.document(
                version: version, expires: expires,
                targets: describe(targets, version: targetsVersion)), signers)
    }

    /// A timestamp that names `snapshot`, whose version is `snapshotVersion`.
    public func timestamp(
        version: Int64, snapshot: [UInt8], snapshotVersion: Int64, expires: Instant,
        signers: [any Signer]
    ) throws -> [UInt8] {
        try sign(
            Timestamp.document(
                version: version, expires: expires,
                snapshot: describe(snapshot, version: snapshotVersion)), signers)
    }

    private func describe(_ bytes: [UInt8], version: Int64) -> MetadataDescription {
        MetadataDescription(
            version: version, length: Int64(bytes.count), sha256: hashing.sha256(bytes))
    }

    private func sign(_ document: JSONObject, _ signers: [any Signer]) throws -> [UInt8] {
        let payload = JSONValue.object(document).canonicalBytes
        // A key that is handed in twice signs once: an envelope holds no key twice.
        var signed: Set<PublicKey> = []
        let signatures = try signers.filter { signed.insert($0.publicKey).inserted }.map { signer in
            SignedEnvelope.Signature(
                keyID: signer.publicKey.keyID(hashing: hashing).text,
                bytes: try signer.sign(payload))
        }
        return SignedEnvelope(signed: document, signatures: signatures).bytes
    }
}
