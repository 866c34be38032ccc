public import Model
internal import JSON

/// Makes the metadata of a repository: documents from facts, signed by the keys it is handed.
///
/// Every signature is verified before it is used.
public struct RepositoryWriter: Sendable {
    private let cryptography: CryptographySuite

    public init(cryptography: CryptographySuite) { self.cryptography = cryptography }

    /// - Throws: What a signer throws, or ``SigningError``.
    public func root(_ draft: RootDraft, signers: [any Signer]) throws -> [UInt8] {
        try sign(draft.staged(hashing: cryptography.hashing), signers)
    }

    /// Targets that list nothing, for a role that begins.
    public func emptyTargets(
        of role: RoleName = .targets, expires: Instant, signers: [any Signer]
    ) throws -> [UInt8] {
        try sign(
            StagedMetadata(
                role, document: Targets.emptyDocument(of: role, version: 1, expires: expires)),
            signers)
    }

    /// The targets of `role` that follow `current`, as `change` has them.
    public func targets(
        of role: RoleName = .targets, following current: Targets, _ change: TargetsChange,
        expires: Instant, signers: [any Signer]
    ) throws -> [UInt8] {
        try sign(
            current.staged(
                of: role, version: current.version + 1, change, expires: expires,
                hashing: cryptography.hashing), signers)
    }

    /// The first snapshot of a repository.
    public func snapshot(
        naming targets: PublishedFile, expires: Instant, signers: [any Signer]
    ) throws -> [UInt8] {
        try snapshot(
            version: 1, meta: [JSONString(RoleName.targets.fileName): describe(targets)],
            expires: expires, signers: signers)
    }

    /// The snapshot that follows `current`; what it named it goes on naming (TUF 5.5.5).
    public func snapshot(
        following current: Snapshot, changed: [RoleName: PublishedFile], expires: Instant,
        signers: [any Signer]
    ) throws -> [UInt8] {
        var meta = current.meta
        for (role, file) in changed { meta[JSONString(role.fileName)] = describe(file) }
        return try snapshot(
            version: current.version + 1, meta: meta, expires: expires, signers: signers)
    }

    private func snapshot(
        version: Int64, meta: [JSONString: MetadataDescription], expires: Instant,
        signers: [any Signer]
    ) throws -> [UInt8] {
        let document = Snapshot.document(version: version, expires: expires, meta: meta)
        return try sign(StagedMetadata(.snapshot, document: document), signers)
    }

    /// A timestamp that names `snapshot`.
    public func timestamp(
        version: Int64, snapshot: PublishedFile, expires: Instant, signers: [any Signer]
    ) throws -> [UInt8] {
        try sign(
            StagedMetadata(
                .timestamp,
                document: Timestamp.document(
                    version: version, expires: expires, snapshot: describe(snapshot))), signers)
    }

    private func describe(_ file: PublishedFile) -> MetadataDescription {
        MetadataDescription(
            version: file.version, length: Int64(file.bytes.count),
            hashes: Hashes(sha256: cryptography.hashing.sha256(file.bytes)))
    }

    private func sign(_ staged: StagedMetadata, _ signers: [any Signer]) throws -> [UInt8] {
        var staged = staged
        // A key that is handed in twice signs once: an envelope holds no key twice.
        var signed: Set<PublicKey> = []
        for signer in signers where signed.insert(signer.publicKey).inserted {
            try staged.sign(
                with: signer, checker: cryptography.checker, hashing: cryptography.hashing)
        }
        return staged.bytes
    }
}

/// Metadata as it is published: its bytes, and the version that they say.
public struct PublishedFile: Hashable, Sendable {
    public let version: Int64
    public let bytes: [UInt8]

    public init(version: Int64, bytes: [UInt8]) {
        self.version = version
        self.bytes = bytes
    }
}

extension StagedMetadata {
    /// Adds the signature of `signer` under its key's own name, whoever may be allowed to sign.
    fileprivate mutating func sign(
        with signer: any Signer, checker: some SignatureChecker, hashing: some Hashing
    ) throws {
        let keyID = signer.publicKey.keyID(hashing: hashing)
        let anybody = Role(role, keys: [keyID: signer.publicKey])
        try add(signer.sign(payload), by: keyID, for: [anybody], checker: checker)
    }
}
