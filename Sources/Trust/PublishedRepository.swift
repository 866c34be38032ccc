internal import JSON
public import Model

/// The metadata of a repository as its keeper sees it: checked, but allowed to be stale.
///
/// A client must refuse stale metadata; the keeper of the repository must be able to read it, or
/// it could never be made fresh again.
public struct PublishedRepository: Sendable {
    public let root: Root
    public let timestamp: Timestamp
    public let snapshot: Snapshot
    public let targets: Targets
    /// The delegated roles that have been published, and what they say.
    public let delegated: [DelegatedRoleName: Targets]
    /// The images that each role lists; a keeper has to read them all.
    private let listed: [RoleName: [TargetPath: SignedImage]]
    /// The images that a client would find, each where it really comes from, by path.
    public let images: [SignedImage]
    /// The bytes that all this was read from.
    public let stored: StoredMetadata
    /// A root that was published without the snapshot and timestamp that its new keys sign: its
    /// publication was interrupted, and the next one completes it.
    public private(set) var interruptedRoot: AcceptedMetadata?
    let trusted: TrustedSet

    /// - Throws: ``TrustError`` when a role is missing, malformed or not signed as it must be.
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
        delegated = try set.adoptAll(stored.delegated)
        guard let trustedTimestamp = set.timestamp, let trustedSnapshot = set.snapshot,
            let trustedTargets = set.targets
        else { preconditionFailure("an adopted role is in the set") }
        root = set.root
        self.timestamp = trustedTimestamp
        self.snapshot = trustedSnapshot
        self.targets = trustedTargets
        self.stored = stored
        trusted = set
        listed = try Self.listed(trustedTargets, delegated)
        images = Self.images(listed, in: set)
    }

    private static func listed(
        _ targets: Targets, _ delegated: [DelegatedRoleName: Targets]
    ) throws(TrustError) -> [RoleName: [TargetPath: SignedImage]] {
        var listed: [RoleName: [TargetPath: SignedImage]] = [:]
        let roles = delegated.map { (RoleName.delegated($0.key), $0.value) }
        for (role, targets) in [(.targets, targets)] + roles {
            listed[role] = try reading(role, targets.images)
        }
        return listed
    }

    private static func images(
        _ listed: [RoleName: [TargetPath: SignedImage]], in set: TrustedSet
    ) -> [SignedImage] {
        let found = listed.flatMap { role, images in
            images.values.filter { set.find($0.image.path.text)?.role == role }
        }
        return found.sorted { $0.image.path.text < $1.image.path.text }
    }

    /// The images that `role` lists itself, by path, whether a client would find them or not.
    public func images(listedBy role: RoleName) -> [TargetPath: SignedImage] {
        listed[role] ?? [:]
    }

    /// Reads a repository from its place, as a client does, from a root that is trusted on.
    ///
    /// - Parameter fetch: Gives the metadata file with this name, of at most so many bytes; `nil`
    ///   when there is none. Names are not percent-encoded.
    /// - Throws: ``MetadataRefusal``, ``TrustError``, or what `fetch` throws.
    public init(
        startingAt root: [UInt8], cryptography: CryptographySuite, limits: Limits,
        fetch: (_ name: String, _ limitBytes: Int) throws -> [UInt8]?
    ) throws {
        var roots: [[UInt8]] = []
        do {
            try self.init(
                startingAt: root, rootLimit: limits.rootRotations, cryptography: cryptography,
                limits: limits, fetch: fetch, roots: &roots)
        } catch let refusal as MetadataRefusal {
            guard [.timestamp, .snapshot, .targets].contains(refusal.reason.role),
                let last = roots.last,
                case .tooFewSignatures = refusal.reason
            else { throw refusal }
            let rootLimit = roots.count - 1
            roots = []
            try self.init(
                startingAt: root, rootLimit: rootLimit, cryptography: cryptography,
                limits: limits, fetch: fetch, roots: &roots)
            interruptedRoot = try acceptRoot(last, now: Instant(secondsSinceEpoch: .min))
        }
    }

    /// - Parameter roots: Gets the roots that were followed, at most `rootLimit`.
    private init(
        startingAt root: [UInt8], rootLimit: Int, cryptography: CryptographySuite, limits: Limits,
        fetch: (_ name: String, _ limitBytes: Int) throws -> [UInt8]?, roots: inout [[UInt8]]
    ) throws {
        var stored = StoredMetadata(root: root)
        var limits = limits
        limits.rootRotations = rootLimit
        var refresh = try Refresh(
            stored: stored, now: Instant(secondsSinceEpoch: .min), cryptography: cryptography,
            limits: limits)
        reading: while true {
            switch refresh.next() {
            case .fetch(let name, let limitBytes):
                try refresh.receive(fetch(name, limitBytes))
            case .recall: try refresh.receive(nil)
            case .store(let role, let bytes):
                stored[role] = bytes
                if role == .root { roots.append(bytes) }
            case .forget: continue
            case .finished: break reading
            }
        }
        for file in refresh.trusted.delegatedFiles {
            stored.delegated[file.role] = try fetch(file.file, file.limitBytes)
        }
        try self.init(stored, cryptography: cryptography, limits: limits)
    }

    /// This repository as a client would find it with other targets, which no snapshot names yet.
    init(drafting next: StoredMetadata, after published: PublishedRepository) throws(TrustError) {
        var set = published.trusted
        if next.root != published.stored.root { try set.adoptRoot(next.root) }
        delegated = try set.adoptDraft(targets: next.targets ?? [], delegated: next.delegated)
        guard let draft = set.targets else { preconditionFailure("a draft was just adopted") }
        root = set.root
        timestamp = published.timestamp
        snapshot = published.snapshot
        targets = draft
        stored = next
        trusted = set
        listed = try Self.listed(draft, delegated)
        images = Self.images(listed, in: set)
    }

    private var cryptography: CryptographySuite { trusted.cryptography }
    private var limits: Limits { trusted.limits }

    /// What the targets role, or a delegated one, says; `nil` for a role that says nothing yet.
    public func targets(of role: RoleName) -> Targets? {
        switch role {
        case .targets: targets
        case .delegated(let name): delegated[name]
        case .root, .timestamp, .snapshot, .offer: nil
        }
    }

    /// Everybody who has a say in who signs `role`: each of them must be satisfied.
    ///
    /// Empty for a role that nobody has delegated to. For the next root see ``Root/role(_:)``.
    public func signers(of role: RoleName) -> [Role] {
        switch role {
        case .root, .timestamp, .snapshot, .targets: [root.role(role)]
        case .offer: root.offer.map { [$0] } ?? []
        case .delegated(let name):
            ([targets] + delegated.values).compactMap { $0.delegations?.role(name) }
        }
    }

    /// The image of `release` for `hardware`.
    public func image(of release: ReleaseID, for hardware: HardwareModel) -> SignedImage? {
        images.first { $0.release == release && $0.hardware.contains(hardware) }
    }

    /// The role that lists the image.
    public func role(listing image: SignedImage) -> RoleName? {
        trusted.find(image.image.path.text)?.role
    }

    /// Images that were published once and must not be installed any more.
    public var withdrawn: [WithdrawnImage] {
        ([targets] + delegated.values).flatMap(\.withdrawn.values)
            .sorted { $0.path.text < $1.path.text }
    }

    /// What nobody would list or note any more if `delegator` trusted `name` no longer.
    public func vanishing(
        byRevoking name: DelegatedRoleName, of delegator: RoleName
    ) -> [WithdrawnImage] {
        var reached: Set<RoleName> = []
        var open: [RoleName] = [.targets]
        while let role = open.popLast() {
            guard reached.insert(role).inserted else { continue }
            let delegations = targets(of: role)?.delegations
            open += delegated.keys.filter { other in
                delegations?.role(other) != nil && !(role == delegator && other == name)
            }.map { .delegated($0) }
        }
        let lost = delegated.filter { !reached.contains(.delegated($0.key)) }
        return lost.flatMap { name, targets in
            images(listedBy: .delegated(name)).values.map { WithdrawnImage($0) }
                + targets.withdrawn.values
        }
    }

    /// The counter that a new image of `release` gets.
    ///
    /// An ordinary release keeps its place among the versions; one that devices of every version
    /// may go to comes after all that there are.
    public func counter(for release: ReleaseID, afterAll: Bool) -> Int64 {
        let others = images.filter { $0.release.name == release.name }
        if afterAll {
            // Its own entry counts for nothing: asking once more raises nothing.
            let rivals = others.filter { $0.release.version != release.version }
            let own = others.filter { $0.release.version == release.version }.map(\.counter).max()
            let highest = rivals.map(\.counter).max() ?? 0
            let newer = rivals.filter { $0.release.version > release.version }
            return max(own ?? 1, newer.isEmpty ? max(1, highest) : highest + 1)
        }
        let older = others.filter { $0.release.version <= release.version }
        return older.map(\.counter).max() ?? 1
    }
}

extension PublishedRepository {
    /// The same repository with other targets or roots, and the snapshot and timestamp that name
    /// them.
    ///
    /// - Throws: What a signer throws, ``TrustError`` when the keys are not the repository's, or
    ///   ``PublishRefusal/outdated(_:offered:current:)`` when something was accepted before other
    ///   metadata was published.
    public func publishing(
        _ accepted: [AcceptedMetadata], expiry: Expiry, signers: OnlineSigners
    ) throws -> PublishedRepository {
        var next = stored
        var files: [RoleName: PublishedFile] = [:]
        let hasRoot = accepted.contains { $0.role == .root }
        let interrupted = hasRoot ? nil : interruptedRoot
        for metadata in (interrupted.map { [$0] } ?? []) + accepted {
            let current = version(of: metadata.role) ?? 0
            guard metadata.version == current + 1 else {
                throw PublishRefusal.outdated(
                    metadata.role, offered: metadata.version, current: current)
            }
            next[metadata.role] = metadata.bytes
            guard metadata.role != .root else { continue }
            files[metadata.role] = PublishedFile(version: metadata.version, bytes: metadata.bytes)
        }
        let writer = RepositoryWriter(cryptography: cryptography)
        let snapshotFile = PublishedFile(
            version: snapshot.version + 1,
            bytes: try writer.snapshot(
                following: snapshot, changed: files, expires: expiry.snapshot,
                signers: [signers.snapshot]))
        next.snapshot = snapshotFile.bytes
        next.timestamp = try writer.timestamp(
            version: timestamp.version + 1, snapshot: snapshotFile, expires: expiry.timestamp,
            signers: [signers.timestamp])
        return try PublishedRepository(next, cryptography: cryptography, limits: limits)
    }

    /// What has to be written where `published` lies, in this order: nothing is named before it is
    /// there, so the timestamp comes last (TUF 6).
    public func files(changedSince published: PublishedRepository) -> [(
        name: String, bytes: [UInt8]
    )] {
        let delegated = stored.delegated.keys.sorted { $0.text < $1.text }
            .map { RoleName.delegated($0) }
        // Clients notice a root and a timestamp at once, and the rest only through a timestamp: the
        // two stand together, so that little can come between them.
        return (delegated + [.targets, .snapshot, .root, .timestamp]).compactMap { role in
            guard let bytes = stored[role], bytes != published.stored[role] else { return nil }
            let name = role.publishedName(
                version: version(of: role) ?? 1, isConsistent: root.isConsistent)
            return (name, bytes)
        }
    }

    /// The version of `role` that is published; `nil` for one that says nothing yet.
    public func version(of role: RoleName) -> Int64? {
        switch role {
        case .root: root.version
        case .timestamp: timestamp.version
        case .snapshot: snapshot.version
        case .targets, .delegated: targets(of: role)?.version ?? snapshot[role]?.version
        case .offer: nil
        }
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
