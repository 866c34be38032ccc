internal import Model
internal import Trust

/// Keeps the repository's metadata: one change at a time, the timestamp always last.
actor Publisher {
    private let files: any RepositoryFiles
    private let signers: OnlineSigners
    private let cryptography: CryptographySuite
    private let limits: Limits

    /// How long what the server signs is valid.
    private static let snapshotLifetime = Duration.seconds(7 * 86_400)
    private static let timestampLifetime = Duration.seconds(86_400)

    init(
        files: any RepositoryFiles, signers: OnlineSigners, cryptography: CryptographySuite,
        limits: Limits
    ) {
        self.files = files
        self.signers = signers
        self.cryptography = cryptography
        self.limits = limits
    }

    /// Reads the repository as a client does, from its first root on.
    func repository() throws(Refusal) -> PublishedRepository {
        do {
            guard let first = try files.metadata("1.root.json") else {
                throw Refusal.invalid("the repository has no 1.root.json")
            }
            var stored = StoredMetadata(root: first, timestamp: nil, snapshot: nil, targets: nil)
            // To its keeper it may be stale, so that it can be made fresh again.
            var refresh = try Refresh(
                stored: stored, now: Instant(secondsSinceEpoch: .min),
                cryptography: cryptography, limits: limits)
            while true {
                switch refresh.next() {
                case .fetch(let name, _): try refresh.receive(files.metadata(name))
                case .store(let role, let bytes): stored.keep(bytes, of: role)
                case .forget: continue
                case .finished:
                    return try PublishedRepository(
                        stored, cryptography: cryptography, limits: limits)
                }
            }
        } catch let error as TrustError {
            throw .invalid("the repository: \(error)")
        } catch { throw .wrapping(error) }
    }

    /// Publishes new targets once all their images are here.
    ///
    /// - Returns: All images that are published then.
    func publish(_ bytes: [UInt8], now: Instant) throws(Refusal) -> [SignedImage] {
        let current = try repository()
        if try isPublished(bytes, current) { return Array(current.targets.images.values) }
        let accepted: AcceptedTargets
        do { accepted = try current.accept(targets: bytes, now: now) } catch {
            switch error {
            case .outdated, .changes, .twoImages: throw .conflict("\(error)")
            case .untrusted: throw .invalid("\(error)")
            }
        }
        do {
            let all = accepted.targets.images.values.map(\.image)
            for image in accepted.added.map(\.image) { try place(image, among: all) }
        } catch { throw .wrapping(error) }
        return Array(try sign(current, accepted, now: now).targets.images.values)
    }

    /// Brings the image's bytes to its target path, unless they are there.
    private func place(_ image: ImageReference, among all: [ImageReference]) throws {
        if try files.holds(image) { return }
        if let length = try files.stagedLength(of: image.sha256) {
            guard length == image.length else {
                throw Refusal.invalid(
                    "\(image.path) is signed with \(image.length) bytes, but has \(length)")
            }
            return try files.publishStaged(image)
        }
        // The same bytes under another path are not uploaded twice.
        let twin = try all.first {
            try $0.sha256 == image.sha256 && $0.length == image.length && files.holds($0)
        }
        guard let twin else {
            throw Refusal.invalid("the image \(image.sha256) was not uploaded")
        }
        try files.publish(image, withBytesOf: twin)
    }

    /// Signs snapshot and timestamp anew when less than half of their life is left.
    func refresh(now: Instant) throws(Refusal) {
        let current = try repository()
        let isFresh =
            current.timestamp.expires.elapsed(since: now) > Self.timestampLifetime / 2
            && current.snapshot.expires.elapsed(since: now) > Self.snapshotLifetime / 2
        if !isFresh { _ = try sign(current, nil, now: now) }
    }

    private func isPublished(
        _ bytes: [UInt8], _ current: PublishedRepository
    ) throws(Refusal) -> Bool {
        let name = RoleName.targets.publishedName(
            version: current.targets.version, isConsistent: current.root.isConsistent)
        do { return try files.metadata(name) == bytes } catch { throw .store(error) }
    }

    private func sign(
        _ current: PublishedRepository, _ accepted: AcceptedTargets?, now: Instant
    ) throws(Refusal) -> PublishedRepository {
        do {
            let (next, metadata) = try current.publishing(
                targets: accepted,
                expiry: PublishedRepository.Expiry(
                    snapshot: now.advanced(by: Self.snapshotLifetime),
                    timestamp: now.advanced(by: Self.timestampLifetime)),
                signers: signers)
            let isConsistent = next.root.isConsistent
            if let accepted {
                let name = RoleName.targets.publishedName(
                    version: next.targets.version, isConsistent: isConsistent)
                try files.writeMetadata(name, accepted.bytes)
            }
            let snapshot = RoleName.snapshot.publishedName(
                version: next.snapshot.version, isConsistent: isConsistent)
            try files.writeMetadata(snapshot, metadata.snapshot ?? [])
            // Last: until now nobody is told of what came before it.
            try files.writeMetadata(RoleName.timestamp.fileName, metadata.timestamp ?? [])
            return next
        } catch let error as StoreError { throw .store(error) } catch {
            throw .signing("\(error)")
        }
    }
}
