import JSON
import Model
import OpenSSL
import Testing
import Trust

/// A repository that answers a client, kept by somebody who can do everything, also wrongly.
///
/// It begins as `RepositoryWriter` makes it. Then ``publish(_:signers:edit:wrap:)`` writes the next
/// version of a role and of all that names it, with every chance to spoil what is written.
struct FakeRepository: Served, Sendable {
    /// What clients can fetch, by name.
    var files: [String: [UInt8]] = [:]
    /// Who signs, where nobody else is asked to.
    var signers: [RoleName: [PrivateKey]]
    /// What the metadata above says of the metadata below, besides the version.
    var listing = Listing.lengthAndHash
    /// Whether file names carry versions; root has to say the same.
    var isConsistent = true
    /// What each role says, as it should be signed.
    var documents: [RoleName: JSONObject] = [:]

    enum Listing: Sendable { case nothing, length, hash, lengthAndHash }

    /// Root and targets need two signatures, the others one.
    static let thresholds: [RoleName: Int] = [
        .root: 2, .timestamp: 1, .snapshot: 1, .targets: 2, .offer: 1,
    ]

    static func standardSigners() throws -> [RoleName: [PrivateKey]] {
        [
            .root: [try key(1), try key(2)], .timestamp: [try key(3)], .snapshot: [try key(4)],
            .targets: [try key(5), try key(6)], .offer: [try key(7)],
        ]
    }

    init() throws {
        signers = try Self.standardSigners()
        let writer = RepositoryWriter(cryptography: cryptography)
        var roles: [RoleName: RoleSigners] = [:]
        for (role, keys) in signers {
            roles[role] = try RoleSigners(
                keys: keys.map(\.publicKey), threshold: Self.thresholds[role, default: 1])
        }
        try add(
            .root, "1.root.json",
            writer.root(RootDraft(expires: later, roles: roles), signers: of(.root)))
        let targets = try writer.emptyTargets(expires: later, signers: of(.targets))
        try add(.targets, "1.targets.json", targets)
        let snapshot = try writer.snapshot(
            naming: PublishedFile(version: 1, bytes: targets), expires: later,
            signers: of(.snapshot))
        try add(.snapshot, "1.snapshot.json", snapshot)
        try add(
            .timestamp, "timestamp.json",
            writer.timestamp(
                version: 1, snapshot: PublishedFile(version: 1, bytes: snapshot), expires: later,
                signers: of(.timestamp)))
    }

    /// A repository whose timestamp, snapshot and targets are at version 4.
    static func aged() throws -> FakeRepository {
        var repository = try FakeRepository()
        for _ in 0..<3 { try repository.publish(.targets) }
        return repository
    }

    private func of(_ role: RoleName) -> [PrivateKey] { signers[role, default: []] }

    private mutating func add(_ role: RoleName, _ name: String, _ bytes: [UInt8]) throws {
        files[name] = bytes
        documents[role] = try JSONFields(Self.envelope(bytes).signed).members
    }

    static func envelope(_ bytes: [UInt8]) throws -> SignedEnvelope {
        try SignedEnvelope(
            parsing: bytes, limits: .standard(bytes: 100_000), maximumSignatures: 100)
    }

    func version(of role: RoleName) throws -> Int64 {
        try JSONFields(.object(#require(documents[role]))).integer("version", in: 0...Int64.max)
    }

    func name(of role: RoleName) throws -> String {
        role.publishedName(version: try version(of: role), isConsistent: isConsistent)
    }

    func bytes(of role: RoleName) throws -> [UInt8] { try #require(files[name(of: role)]) }

    /// What a client has stored that has just refreshed from here.
    func stored() throws -> StoredMetadata {
        StoredMetadata(
            root: try bytes(of: .root), timestamp: try bytes(of: .timestamp),
            snapshot: try bytes(of: .snapshot), targets: try bytes(of: .targets),
            delegated: try delegatedBytes())
    }

    private func delegatedBytes() throws -> [DelegatedRoleName: [UInt8]] {
        var bytes: [DelegatedRoleName: [UInt8]] = [:]
        for case .delegated(let name) in documents.keys {
            bytes[name] = try self.bytes(of: .delegated(name))
        }
        return bytes
    }

    /// Writes the next version of `role`, and then of the roles that name it.
    ///
    /// - Parameters:
    ///   - signers: Who signs this role's metadata; `nil` stands for those who should.
    ///   - edit: A change of what is signed; file name and the metadata above do not notice.
    ///   - wrap: A last change of the bytes, after they were signed.
    mutating func publish(
        _ role: RoleName, signers: [PrivateKey]? = nil,
        edit: (JSONObject) throws -> JSONObject = { $0 },
        wrap: ([UInt8]) throws -> [UInt8] = { $0 }
    ) throws {
        let version = try version(of: role) + 1
        var document = try #require(documents[role]).setting("version", to: .integer(version))
        for below in named(by: role) {
            document = document.editing("meta", below.fileName, to: try description(of: below))
        }
        documents[role] = document
        files[role.publishedName(version: version, isConsistent: isConsistent)] = try wrap(
            sign(edit(document), by: signers ?? of(role)))
        switch role {
        case .targets, .delegated: try publish(.snapshot)
        case .snapshot: try publish(.timestamp)
        case .root, .timestamp, .offer: break
        }
    }

    /// Writes the next version of `role` with bytes that `change` makes of the signed ones.
    mutating func publishChanged(
        _ role: RoleName, signers: [PrivateKey]? = nil, _ change: ([UInt8]) throws -> [UInt8]
    ) throws { try publish(role, signers: signers, wrap: change) }

    private func named(by role: RoleName) -> [RoleName] {
        switch role {
        case .snapshot: [.targets] + documents.keys.filter(\.isDelegated)
        case .timestamp: [.snapshot]
        case .root, .targets, .offer, .delegated: []
        }
    }

    private func description(of role: RoleName) throws -> JSONValue {
        let bytes = try bytes(of: role)
        let length: JSONValue = .integer(Int64(bytes.count))
        let hashes: JSONValue = ["sha256": .string(hashing.sha256(bytes).hex)]
        let version: JSONValue = .integer(try self.version(of: role))
        return switch listing {
        case .nothing: ["version": version]
        case .length: ["version": version, "length": length]
        case .hash: ["version": version, "hashes": hashes]
        case .lengthAndHash: ["version": version, "length": length, "hashes": hashes]
        }
    }

    func sign(_ document: JSONObject, by signers: [PrivateKey]) throws -> [UInt8] {
        let payload = JSONValue.object(document).canonicalBytes
        return SignedEnvelope(
            signed: document,
            signatures: try signers.map {
                SignedEnvelope.Signature(keyID: $0.keyID.text, bytes: try $0.sign(payload))
            }
        ).bytes
    }

    /// Publishes the targets with one more image.
    mutating func publish(_ image: SignedImage) throws {
        let writer = RepositoryWriter(cryptography: cryptography)
        let current = try PublishedRepository(
            stored(), cryptography: cryptography, limits: .tests)
        let bytes = try writer.targets(
            following: current.targets, .add(image), expires: later, signers: of(.targets))
        let signed = try JSONFields(Self.envelope(bytes).signed).members
        try publish(.targets) { _ in signed }
        documents[.targets] = signed
    }

    /// Publishes a root in which other keys stand for `role`, signed by old and new root keys.
    mutating func rotate(
        _ role: RoleName, to new: [PrivateKey], threshold: Int64, signers roots: [PrivateKey]? = nil
    ) throws {
        let old = of(.root)
        signers[role] = new
        let both = old + of(.root).filter { key in !old.contains { $0.seed == key.seed } }
        let document = try rootDocument(role, new, threshold)
        try publish(.root, signers: roots ?? both) {
            document.setting("version", to: $0["version"] ?? 0)
        }
        documents[.root] = try JSONFields(Self.envelope(bytes(of: .root)).signed).members
    }

    private func rootDocument(
        _ role: RoleName, _ keys: [PrivateKey], _ threshold: Int64
    ) throws -> JSONObject {
        var document = try #require(documents[.root])
        for key in keys {
            document = document.editing("keys", key.keyID.text, to: Self.keyObject(key))
        }
        return document.editing(
            "roles", role.text,
            to: [
                "keyids": .array(keys.map { .string($0.keyID.text) }),
                "threshold": .integer(threshold),
            ])
    }

    static func keyObject(_ key: PrivateKey) -> JSONValue {
        [
            "keytype": "ed25519", "scheme": "ed25519",
            "keyval": ["public": .string(key.ed25519PublicKey.hex)],
        ]
    }
}

extension RoleName {
    var isDelegated: Bool {
        if case .delegated = self { return true }
        return false
    }
}
