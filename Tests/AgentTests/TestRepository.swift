import Model
import OpenSSL
import Testing
import Trust

/// A signed repository in memory, as its keepers make it, and its keys.
struct TestRepository {
    /// What clients can fetch, by name.
    private(set) var metadata: [String: [UInt8]] = [:]
    private(set) var images: [String: [UInt8]] = [:]
    private(set) var offerKey: PrivateKey
    let shippedRoot: [UInt8]
    private var rootVersion: Int64 = 1
    private var published: PublishedRepository
    private let expiry: Instant

    init(holding firmware: [Firmware], expiring expiry: Instant = later) throws {
        self.expiry = expiry
        offerKey = try key(5)
        let writer = RepositoryWriter(hashing: hashing)
        shippedRoot = try writer.root(
            Self.ceremony(version: 1, offer: offerKey), signers: [key(1)])
        let targets = try writer.emptyTargets(expires: expiry, signers: [key(4)])
        let snapshot = try writer.snapshot(
            version: 1, targets: targets, targetsVersion: 1, expires: expiry, signers: [key(3)])
        let timestamp = try writer.timestamp(
            version: 1, snapshot: snapshot, snapshotVersion: 1, expires: expiry,
            signers: [key(2)])
        let stored = StoredMetadata(
            root: shippedRoot, timestamp: timestamp, snapshot: snapshot, targets: targets)
        published = try PublishedRepository(
            stored, cryptography: cryptography, limits: .standard)
        serve(stored)
        metadata["1.root.json"] = shippedRoot
        for firmware in firmware { try publish(firmware) }
    }

    private static func ceremony(version: Int64, offer: PrivateKey) throws -> RootCeremony {
        var roles: [RoleName: RootCeremony.Signers] = [:]
        let keys: [(RoleName, PrivateKey)] = [
            (.root, try key(1)), (.timestamp, try key(2)), (.snapshot, try key(3)),
            (.targets, try key(4)), (.offer, offer),
        ]
        for (role, key) in keys {
            roles[role] = RootCeremony.Signers(keys: [key.publicKey], threshold: 1)
        }
        return RootCeremony(version: version, expires: at(9_000_000), roles: roles)
    }

    mutating func publish(_ firmware: Firmware) throws {
        let targets = try RepositoryWriter(hashing: hashing).targets(
            following: published.targets, adding: firmware.signed, expires: expiry,
            signers: [key(4)])
        let accepted = try published.accept(targets: targets, now: at(0))
        let (next, stored) = try published.publishing(
            targets: accepted,
            expiry: PublishedRepository.Expiry(snapshot: expiry, timestamp: expiry),
            signers: OnlineSigners(snapshot: key(3), timestamp: key(2), offer: offerKey))
        published = next
        serve(stored)
        let image = firmware.signed.image
        images[image.path.prefixed(by: image.sha256)] = firmware.bytes
    }

    private mutating func serve(_ stored: StoredMetadata) {
        metadata["timestamp.json"] = stored.timestamp
        metadata["\(published.snapshot.version).snapshot.json"] = stored.snapshot
        metadata["\(published.targets.version).targets.json"] = stored.targets
    }

    /// Names `new` as the offer key in the next root.
    mutating func rotateOfferKey(to new: PrivateKey) throws {
        rootVersion += 1
        offerKey = new
        metadata["\(rootVersion).root.json"] = try RepositoryWriter(hashing: hashing).root(
            Self.ceremony(version: rootVersion, offer: new), signers: [key(1)])
    }
}
