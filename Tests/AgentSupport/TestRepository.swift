internal import JSON
public import Model
public import OpenSSL
internal import TestSupport
internal import Trust

/// A signed repository in memory, as its keepers make it, and its keys.
public struct TestRepository {
    /// What clients can fetch, by name.
    public private(set) var metadata: [String: [UInt8]] = [:]
    public private(set) var images: [String: [UInt8]] = [:]
    public private(set) var offerKey: PrivateKey
    public let shippedRoot: [UInt8]
    private var root: Root
    private var published: PublishedRepository
    private let expiry: Instant

    public init(holding firmware: [Firmware], expiring expiry: Instant = later) throws {
        self.expiry = expiry
        offerKey = try key(5)
        let writer = RepositoryWriter(cryptography: cryptography)
        shippedRoot = try writer.root(Self.firstRoot(offer: offerKey), signers: [key(1)])
        let targets = try writer.emptyTargets(expires: expiry, signers: [key(4)])
        let snapshot = try writer.snapshot(
            naming: PublishedFile(version: 1, bytes: targets), expires: expiry,
            signers: [key(3)])
        let timestamp = try writer.timestamp(
            version: 1, snapshot: PublishedFile(version: 1, bytes: snapshot), expires: expiry,
            signers: [key(2)])
        let stored = StoredMetadata(
            root: shippedRoot, timestamp: timestamp, snapshot: snapshot, targets: targets)
        published = try PublishedRepository(
            stored, cryptography: cryptography, limits: .standard)
        root = published.root
        serve(stored)
        metadata["1.root.json"] = shippedRoot
        for firmware in firmware { try publish(firmware) }
    }

    private static func firstRoot(offer: PrivateKey) throws -> RootDraft {
        var roles: [RoleName: RoleSigners] = [:]
        let keys: [(RoleName, PrivateKey)] = [
            (.root, try key(1)), (.timestamp, try key(2)), (.snapshot, try key(3)),
            (.targets, try key(4)), (.offer, offer),
        ]
        for (role, key) in keys {
            roles[role] = try RoleSigners(keys: [key.publicKey], threshold: 1)
        }
        return RootDraft(expires: at(9_000_000), roles: roles)
    }

    public mutating func publish(_ firmware: Firmware) throws {
        try publish(.add(firmware.signed))
        let image = firmware.signed.image
        images[image.path.prefixed(by: image.sha256)] = firmware.bytes
    }

    public mutating func withdraw(_ firmware: Firmware) throws {
        try publish(.withdraw([firmware.signed]))
    }

    /// Publishes `firmware` in a role of its own, for which targets vouches under `paths`.
    ///
    /// The server's keys are stolen: it publishes what no keeper would accept.
    public mutating func delegate(to name: String, paths: String, _ firmware: Firmware) throws {
        let role = must(DelegatedRoleName(name))
        let signer = try key(6)
        let delegation = TargetsChange.Delegation(
            name: role, signers: try RoleSigners(keys: [signer.publicKey], threshold: 1),
            paths: [PathPattern(JSONString(paths))], isTerminating: false)
        try publish(.delegate(delegation))
        var round = SigningRound(
            published: published, staged: [], cryptography: cryptography)
        _ = round.change(.delegated(role), .renew, expires: expiry)
        _ = round.change(.delegated(role), .add(firmware.signed), expires: expiry)
        _ = try round.sign(with: signer)
        let bytes = must(round.staged[.delegated(role)]).bytes
        try publishUnchecked(bytes, of: .delegated(role))
        metadata["1.\(name).json"] = bytes
        let image = firmware.signed.image
        images[image.path.prefixed(by: image.sha256)] = firmware.bytes
    }

    private mutating func publish(_ change: TargetsChange) throws {
        let targets = try RepositoryWriter(cryptography: cryptography).targets(
            following: published.targets, change, expires: expiry, signers: [key(4)])
        try publish([.targets: targets])
    }

    private mutating func publish(_ files: [RoleName: [UInt8]]) throws {
        published = try published.publishing(
            published.accept(files, now: at(0)),
            expiry: PublishedRepository.Expiry(snapshot: expiry, timestamp: expiry),
            signers: OnlineSigners(snapshot: key(3), timestamp: key(2), offer: offerKey))
        serve(published.stored)
    }

    private mutating func publishUnchecked(_ bytes: [UInt8], of role: RoleName) throws {
        let writer = RepositoryWriter(cryptography: cryptography)
        var stored = published.stored
        let snapshot = try writer.snapshot(
            following: published.snapshot,
            changed: [role: PublishedFile(version: 1, bytes: bytes)],
            expires: expiry, signers: [key(3)])
        stored[role] = bytes
        stored.snapshot = snapshot
        stored.timestamp = try writer.timestamp(
            version: published.timestamp.version + 1,
            snapshot: PublishedFile(version: published.snapshot.version + 1, bytes: snapshot),
            expires: expiry, signers: [key(2)])
        published = try PublishedRepository(
            stored, cryptography: cryptography, limits: .standard)
        serve(stored)
    }

    private mutating func serve(_ stored: StoredMetadata) {
        metadata["timestamp.json"] = stored.timestamp
        metadata["\(published.snapshot.version).snapshot.json"] = stored.snapshot
        metadata["\(published.targets.version).targets.json"] = stored.targets
    }

    /// Names `new` as the offer key in the next root.
    public mutating func rotateOfferKey(to new: PrivateKey) throws {
        offerKey = new
        var draft = RootDraft(following: root)
        draft.set(.offer, try RoleSigners(keys: [new.publicKey], threshold: 1))
        let bytes = try RepositoryWriter(cryptography: cryptography).root(draft, signers: [key(1)])
        metadata["\(draft.version).root.json"] = bytes
        root = try TrustedSet(
            root: bytes, now: at(0), cryptography: cryptography, limits: .standard
        ).root
    }
}
