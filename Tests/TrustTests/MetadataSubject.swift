import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Metadata in which every member that we read stands, and one that nobody knows.
struct MetadataSubject: Sendable, CustomTestStringConvertible {
    let role: RoleName
    let document: JSONObject
    let signers: [PrivateKey]
    /// Members that may be absent, by their path.
    let optional: Set<String>
    /// What is trusted before it: all that names it, whatever its bytes.
    let trusted: TrustedSet
    var testDescription: String { "\(role)" }

    private init(
        _ role: RoleName, document: JSONObject, optional: Set<String>
    ) throws {
        self.role = role
        self.document = document.setting("x-new", to: ["é": [1, "\u{1F600}", .null]])
        self.optional = optional.union(["x-new", "x-new.é"])
        let version = try JSONFields(.object(document)).integer("version", in: 1...99)
        var repository = try FakeRepository()
        signers = try #require(repository.signers[role])
        repository.listing = .nothing
        var set = try TrustedSet(
            root: repository.bytes(of: .root), now: now, cryptography: cryptography,
            limits: .tests)
        try repository.publish(.snapshot) {
            $0.editing("meta", "targets.json", "version", to: .integer(version))
        }
        if role == .snapshot {
            try repository.publish(.timestamp) {
                $0.editing("meta", "snapshot.json", "version", to: .integer(version))
            }
        }
        if [.snapshot, .targets].contains(role) {
            try set.adoptTimestamp(repository.bytes(of: .timestamp))
        }
        if role == .targets { try set.adoptSnapshot(repository.bytes(of: .snapshot)) }
        trusted = set
    }

    func signed(_ document: JSONObject) throws -> [UInt8] {
        let payload = JSONValue.object(document).canonicalBytes
        return SignedEnvelope(
            signed: document,
            signatures: try signers.map { .init(keyID: $0.keyID.text, bytes: try $0.sign(payload)) }
        ).bytes
    }

    func adopt(_ bytes: [UInt8]) throws {
        var set = trusted
        switch role {
        case .root:
            _ = try TrustedSet(root: bytes, now: now, cryptography: cryptography, limits: .tests)
        case .timestamp: try set.adoptTimestamp(bytes)
        case .snapshot: try set.adoptSnapshot(bytes)
        case .targets:
            try set.adoptTargets(bytes)
            // The images are read when somebody looks for them, by the same rules.
            do { _ = try set.targets?.images() } catch {
                throw TrustError.malformed(.targets, problem: "\(error)")
            }
        case .offer, .delegated: Issue.record("no subject")
        }
    }

    static func all() throws -> [MetadataSubject] {
        var repository = try FakeRepository()
        try repository.publish(image("a", from: ["2.0"]))
        try repository.publish(image("gone", digest: 3, release: "acme-gateway 2.4.0"))
        var keeper = try Keeper(repository)
        try keeper.publish(.withdraw([image("gone", digest: 3, release: "acme-gateway 2.4.0")]))
        let roles = [
            FakeDelegation(name: "x", keys: [40]),
            FakeDelegation(name: "y", keys: [41], paths: nil, hashPrefixes: ["00"]),
        ]
        let targets = try document(#require(keeper.repository.stored.targets))
            .setting("delegations", to: .object(delegating(roles)))
        return [
            try MetadataSubject(
                .root, document: document(repository.bytes(of: .root)),
                optional: ["consistent_snapshot", "x-slipway-offer"]),
            try MetadataSubject(
                .timestamp, document: document(repository.bytes(of: .timestamp)),
                optional: ["meta.snapshot.json.length", "meta.snapshot.json.hashes"]),
            try MetadataSubject(
                .snapshot, document: document(repository.bytes(of: .snapshot)),
                optional: [
                    "meta.targets.json", "meta.targets.json.length", "meta.targets.json.hashes",
                ]),
            try MetadataSubject(
                .targets, document: targets,
                optional: [
                    "delegations", "targets.a", "targets.a.custom", "targets.a.custom.slipway",
                    "x-slipway-withdrawn", "x-slipway-withdrawn.gone",
                ]),
        ]
    }

    private static func document(_ bytes: [UInt8]) throws -> JSONObject {
        try JSONFields(FakeRepository.envelope(bytes).signed).members
    }
}
