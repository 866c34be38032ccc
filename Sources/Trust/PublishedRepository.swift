public import Model
internal import JSON

/// The metadata of a repository as its keeper sees it: checked, but allowed to be stale.
///
/// A client must refuse stale metadata; the keeper of the repository must be able to read it, or
/// it could never be made fresh again.
public struct PublishedRepository: Sendable {
    public let root: Root
    public let timestamp: Timestamp
    public let snapshot: Snapshot
    public let targets: Targets
    private let bytes: StoredMetadata
    private let cryptography: CryptographySuite
    private let limits: Limits

    /// - Throws: ``TrustError`` when a role is missing, malformed or not signed as root asks.
    public init(
        _ stored: StoredMetadata, cryptography: CryptographySuite, limits: Limits
    ) throws(TrustError) {
        // At the beginning of time nothing has expired; all other rules are the clients'.
        var set = try TrustedSet(
            root: stored.root, now: Instant(secondsSinceEpoch: .min), cryptography: cryptography,
            limits: limits)
        guard let timestamp = stored.timestamp else { throw .missing(.timestamp) }
        guard let snapshot = stored.snapshot else { throw .missing(.snapshot) }
        guard let targets = stored.targets else { throw .missing(.targets) }
        try set.adoptTimestamp(timestamp)
        try set.adoptSnapshot(snapshot)
        try set.adoptTargets(targets)
        guard let trustedTimestamp = set.timestamp, let trustedSnapshot = set.snapshot,
            let trustedTargets = set.targets
        else { preconditionFailure("an adopted role is in the set") }
        root = set.root
        self.timestamp = trustedTimestamp
        self.snapshot = trustedSnapshot
        self.targets = trustedTargets
        bytes = stored
        self.cryptography = cryptography
        self.limits = limits
    }

    /// Checks targets that somebody wants to publish here.
    ///
    /// - Throws: ``PublishRefusal``.
    public func accept(
        targets bytes: [UInt8], now: Instant
    ) throws(PublishRefusal) -> AcceptedTargets {
        let new: Targets
        do {
            new = try verifiedTargets(bytes)
        } catch { throw .untrusted(error) }
        guard new.version == targets.version + 1 else {
            throw .outdated(offered: new.version, current: targets.version)
        }
        guard new.expires > now else {
            throw .untrusted(.expired(.targets, at: new.expires))
        }
        for (path, old) in targets.images where new.images[path] != old {
            throw .changes(path)
        }
        let added = new.images.values.filter { targets.images[$0.image.path] == nil }
        for image in added {
            let clash = new.images.values.first {
                $0 != image && $0.release == image.release
                    && !$0.hardware.isDisjoint(with: image.hardware)
            }
            if let clash { throw .twoImages(image.release, clash.image.path) }
        }
        return AcceptedTargets(
            bytes: bytes, targets: new,
            added: added.sorted { $0.image.path.text < $1.image.path.text })
    }

    private func verifiedTargets(_ bytes: [UInt8]) throws(TrustError) -> Targets {
        let fields = try SignedMetadata(
            bytes, of: .targets, limitBytes: limits.targetsBytes,
            maximumSignatures: limits.signatures
        ).verified(for: root.targets, by: cryptography.checker)
        return try reading(.targets) { () throws(JSONShapeError) in try Targets(fields) }
    }

    /// The same repository with other targets, and the snapshot and timestamp that name them.
    ///
    /// - Throws: What a signer throws, ``TrustError`` when the keys are not the repository's, or
    ///   ``PublishRefusal/outdated(offered:current:)`` when `new` was accepted before other targets
    ///   were published.
    public func publishing(
        targets new: AcceptedTargets?, expiry: Expiry, signers: OnlineSigners
    ) throws -> (repository: PublishedRepository, metadata: StoredMetadata) {
        if let new, new.targets.version != targets.version + 1 {
            throw PublishRefusal.outdated(
                offered: new.targets.version, current: targets.version)
        }
        let writer = RepositoryWriter(hashing: cryptography.hashing)
        var stored = bytes
        let targetsVersion = new?.targets.version ?? targets.version
        let targetsBytes = new?.bytes ?? bytes.targets ?? []
        let snapshotBytes = try writer.snapshot(
            version: snapshot.version + 1, targets: targetsBytes, targetsVersion: targetsVersion,
            expires: expiry.snapshot, signers: [signers.snapshot])
        stored.targets = targetsBytes
        stored.snapshot = snapshotBytes
        stored.timestamp = try writer.timestamp(
            version: timestamp.version + 1, snapshot: snapshotBytes,
            snapshotVersion: snapshot.version + 1, expires: expiry.timestamp,
            signers: [signers.timestamp])
        return (
            try PublishedRepository(stored, cryptography: cryptography, limits: limits), stored
        )
    }

    /// When what is signed online ends.
    public struct Expiry: Hashable, Sendable {
        public var snapshot: Instant
        public var timestamp: Instant

        public init(snapshot: Instant, timestamp: Instant) {
            self.snapshot = snapshot
            self.timestamp = timestamp
        }
    }
}

/// Targets that a repository is willing to publish.
///
/// Only ``PublishedRepository/accept(targets:now:)`` makes one.
public struct AcceptedTargets: Sendable {
    public let bytes: [UInt8]
    public let targets: Targets
    /// Images whose bytes have to be there before this is published.
    public let added: [SignedImage]

    fileprivate init(bytes: [UInt8], targets: Targets, added: [SignedImage]) {
        self.bytes = bytes
        self.targets = targets
        self.added = added
    }
}

/// The keys that may lie on a server.
public struct OnlineSigners: Sendable {
    public let snapshot: any Signer
    public let timestamp: any Signer
    public let offer: any Signer

    public init(snapshot: any Signer, timestamp: any Signer, offer: any Signer) {
        self.snapshot = snapshot
        self.timestamp = timestamp
        self.offer = offer
    }
}

/// Why targets are not published.
public enum PublishRefusal: Error, Hashable, CustomStringConvertible {
    case untrusted(TrustError)
    /// Somebody else published in between, or it is published already.
    case outdated(offered: Int64, current: Int64)
    /// A published image would get other bytes or other conditions, or would vanish.
    case changes(TargetPath)
    /// One release would have two images for one hardware model.
    case twoImages(ReleaseID, TargetPath)

    public var description: String {
        switch self {
        case .untrusted(let error): "\(error)"
        case .outdated(let offered, let current):
            "targets version \(offered) does not follow version \(current), which is published;"
                + " somebody else may have published in between: try again"
        case .changes(let path):
            "\(path) is published and cannot be changed; use a new version"
        case .twoImages(let release, let path):
            "\(release) already has an image for that hardware: \(path)"
        }
    }
}
