public import Model

extension PublishedRepository {
    /// Checks metadata that somebody wants to publish here, all of it at once.
    ///
    /// With a new root, its keys count for everything else; targets that it no longer names the
    /// signers of have to come with it.
    ///
    /// - Throws: ``PublishRefusal``.
    public func accept(
        _ submitted: [RoleName: [UInt8]], now: Instant
    ) throws(PublishRefusal) -> [AcceptedMetadata] {
        let root = try submitted[.root].map { bytes throws(PublishRefusal) in
            try acceptRoot(bytes, now: now)
        }
        var next = stored
        for (role, bytes) in submitted {
            switch role {
            case .root, .targets, .delegated: next[role] = bytes
            // Snapshot and timestamp are signed here, and nobody else's are wanted.
            case .timestamp, .snapshot, .offer: throw .untrusted(.missing(role))
            }
        }
        let after: PublishedRepository
        do { after = try PublishedRepository(drafting: next, after: self) } catch {
            throw .untrusted(error)
        }
        let accepted = try submitted.filter { $0.key != .root }.map {
            role, bytes throws(PublishRefusal) in
            try after.acceptTargets(bytes, of: role, following: version(of: role), now: now)
        }
        try requireFound(submitted.keys.filter { $0 != .root }, in: after)
        try requireNothingLost(in: after)
        try requireRoom(in: after)
        return (root.map { [$0] } ?? []) + accepted
    }

    func acceptRoot(
        _ bytes: [UInt8], now: Instant
    ) throws(PublishRefusal) -> AcceptedMetadata {
        var set = trusted
        do { try set.adoptRoot(bytes) } catch {
            if case .wrongVersion(let role, let offered, _) = error {
                throw .outdated(role, offered: offered, current: root.version)
            }
            throw .untrusted(error)
        }
        guard set.root.expires > now else {
            throw .untrusted(.expired(.root, at: set.root.expires))
        }
        return AcceptedMetadata(
            role: .root, version: set.root.version, bytes: bytes, images: [])
    }

    /// Checks one role of a draft.
    private func acceptTargets(
        _ bytes: [UInt8], of role: RoleName, following current: Int64?, now: Instant
    ) throws(PublishRefusal) -> AcceptedMetadata {
        // A role that nobody delegates to would be published for nobody.
        guard let new = targets(of: role) else { throw .untrusted(.missing(role)) }
        guard new.version == (current ?? 0) + 1 else {
            throw .outdated(role, offered: new.version, current: current ?? 0)
        }
        guard new.expires > now else { throw .untrusted(.expired(role, at: new.expires)) }
        return AcceptedMetadata(
            role: role, version: new.version, bytes: bytes,
            images: Array(images(listedBy: role).values))
    }

    /// An image that no client would find is not published, whoever signed it.
    private func requireFound(
        _ roles: [RoleName], in after: PublishedRepository
    ) throws(PublishRefusal) {
        let found = Set(after.images)
        for role in roles {
            let listed = images(listedBy: role)
            for (path, image) in after.images(listedBy: role)
            where listed[path] != image && !found.contains(image) {
                throw .notFound(image.image.path, role)
            }
        }
    }

    /// No image may change or vanish, but by being withdrawn or given a higher counter.
    private func requireNothingLost(in after: PublishedRepository) throws(PublishRefusal) {
        let withdrawn = Dictionary(grouping: after.withdrawn, by: \.path)
        let images = Dictionary(grouping: after.images, by: \.image.path)
        for old in self.withdrawn where withdrawn[old.path]?.contains(old) != true {
            throw .changes(old.path)
        }
        for old in self.images {
            if let new = images[old.image.path]?.first {
                guard new == old || new.raises(old) else { throw .changes(old.image.path) }
            } else {
                let isWithdrawn = withdrawn[old.image.path]?.contains {
                    $0.sha256 == old.image.sha256 && $0.release == old.release
                }
                guard isWithdrawn == true else { throw .changes(old.image.path) }
            }
        }
    }

    /// A new image may take nobody's place, not even that of one that was withdrawn.
    private func requireRoom(in after: PublishedRepository) throws(PublishRefusal) {
        let known = Set(images.map(\.image.path))
        let all = Dictionary(grouping: after.images, by: \.release)
        let withdrawn = after.withdrawn
        for image in all.values.joined() where !known.contains(image.image.path) {
            let refusal = image.refusal(
                beside: all[image.release] ?? [], withdrawn: withdrawn)
            if let refusal { throw refusal }
        }
    }

    /// Why `image` cannot be listed beside what is listed here; `nil` when it can.
    public func refusal(of image: SignedImage) -> PublishRefusal? {
        image.refusal(beside: images, withdrawn: withdrawn)
    }
}

extension SignedImage {
    fileprivate func refusal(
        beside others: [SignedImage], withdrawn: [WithdrawnImage]
    ) -> PublishRefusal? {
        for other in others {
            if other.image.path == image.path {
                guard self == other || raises(other) else { return .changes(image.path) }
            } else if other.release == release, !other.hardware.isDisjoint(with: hardware) {
                return .twoImages(release, other.image.path)
            }
        }
        let isTaken = withdrawn.contains {
            $0.path == image.path || $0.release == release && $0.sha256 != image.sha256
        }
        return isTaken ? .withdrawn(release) : nil
    }
}

extension SignedImage {
    /// Whether nothing but the counter is other than in `old`, and that only higher.
    fileprivate func raises(_ old: SignedImage) -> Bool {
        image == old.image && release == old.release && hardware == old.hardware
            && from == old.from && counter > old.counter
    }
}

/// Metadata that a repository is willing to publish.
///
/// Only ``PublishedRepository/accept(_:now:)`` makes one.
public struct AcceptedMetadata: Sendable {
    public let role: RoleName
    public let version: Int64
    public let bytes: [UInt8]
    /// Images whose bytes have to be there before this is published.
    public let images: [SignedImage]

    fileprivate init(role: RoleName, version: Int64, bytes: [UInt8], images: [SignedImage]) {
        self.role = role
        self.version = version
        self.bytes = bytes
        self.images = images
    }
}

/// Why metadata is not published.
public enum PublishRefusal: Error, Hashable, CustomStringConvertible {
    case untrusted(TrustError)
    /// Somebody else published in between, or it is published already.
    case outdated(RoleName, offered: Int64, current: Int64)
    /// A published image would get other bytes or other conditions, or would vanish.
    case changes(TargetPath)
    /// One release would have two images for one hardware model.
    case twoImages(ReleaseID, TargetPath)
    /// No client would find it there: others are asked for such a path, and first.
    case notFound(TargetPath, RoleName)
    /// The release was withdrawn; what took its place would be taken for it.
    case withdrawn(ReleaseID)

    public var description: String {
        switch self {
        case .untrusted(let error): "\(error)"
        case .outdated(let role, let offered, let current):
            "\(role) version \(offered) does not follow version \(current), which is published;"
                + " somebody else may have published in between: try again"
        case .changes(let path):
            "\(path) is published and cannot be changed; use a new version"
        case .twoImages(let release, let path):
            "\(release) already has an image for that hardware: \(path)"
        case .notFound(let path, let role): "\(role) may not speak for \(path)"
        case .withdrawn(let release): "\(release) was withdrawn; use a new version"
        }
    }
}
