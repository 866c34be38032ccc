internal import Model
internal import Trust

/// Keeps the repository's metadata: one change at a time, the timestamp always last.
actor Publisher {
    private let files: any RepositoryFiles
    private let images: any ImageStore
    private let signers: OnlineSigners
    private let cryptography: CryptographySuite
    private let limits: Limits
    /// Of those in this program who change the repository, which may ask the network meanwhile.
    private let turn = Turn()

    /// How long what the server signs is valid.
    private static let snapshotLifetime = Duration.seconds(7 * 86_400)
    static let timestampLifetime = Duration.seconds(86_400)

    init(
        files: any RepositoryFiles, images: any ImageStore, signers: OnlineSigners,
        cryptography: CryptographySuite, limits: Limits
    ) {
        self.files = files
        self.images = images
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
            return try PublishedRepository(
                startingAt: first, cryptography: cryptography, limits: limits
            ) { name, _ in try files.metadata(name) }
        } catch let error as MetadataRefusal {
            throw .invalid("the repository: \(error)")
        } catch let error as TrustError {
            throw .invalid("the repository: \(error)")
        } catch { throw .wrapping(error) }
    }

    /// Publishes new metadata once all images that it names are here; repeating it changes nothing.
    ///
    /// - Returns: The repository as it is then.
    func publish(
        _ submitted: [RoleName: [UInt8]], now: Instant
    ) async throws(Refusal) -> PublishedRepository {
        try await exclusively { () throws(Refusal) in
            let current = try repository()
            let new = submitted.filter { current.stored[$0.key] != $0.value }
            guard !new.isEmpty else { return current }
            let accepted = try accept(new, by: current, now: now)
            do {
                let all = accepted.flatMap(\.images).map(\.image)
                for image in all { try await place(image, among: all) }
            } catch { throw .wrapping(error) }
            return try sign(current, accepted, now: now)
        }
    }

    private func accept(
        _ new: [RoleName: [UInt8]], by current: PublishedRepository, now: Instant
    ) throws(Refusal) -> [AcceptedMetadata] {
        do { return try current.accept(new, now: now) } catch {
            switch error {
            // Only this one may be another on the next try.
            case .outdated: throw .conflict("\(error)")
            case .untrusted, .changes, .twoImages, .notFound, .withdrawn:
                throw .invalid("\(error)")
            }
        }
    }

    /// Brings the image's bytes to its target path, unless they are there.
    private func place(_ image: ImageReference, among all: [ImageReference]) async throws {
        if try await images.holds(image) { return }
        if let length = try await images.stagedLength(of: image.sha256) {
            guard length == image.length else {
                throw Refusal.invalid(
                    "\(image.path) is signed with \(image.length) bytes, but has \(length)")
            }
            return try await images.publishStaged(image)
        }
        // The same bytes under another path are not uploaded twice.
        for twin in all where twin.sha256 == image.sha256 && twin.length == image.length {
            guard try await images.holds(twin) else { continue }
            return try await images.publish(image, withBytesOf: twin)
        }
        throw Refusal.invalid("the image \(image.sha256) was not uploaded")
    }

    /// Signs snapshot and timestamp anew when less than half of their life is left.
    func refresh(now: Instant) async throws(Refusal) {
        // Looking takes no lock, so that it never stands in somebody's way.
        guard try !isFresh(repository(), now: now) else { return }
        try await exclusively { () throws(Refusal) in
            let current = try repository()
            if !isFresh(current, now: now) { _ = try sign(current, [], now: now) }
        }
    }

    /// A root without the signatures of its own online keys is made fresh at once.
    private func isFresh(_ current: PublishedRepository, now: Instant) -> Bool {
        current.interruptedRoot == nil
            && current.timestamp.expires.elapsed(since: now) > Self.timestampLifetime / 2
            && current.snapshot.expires.elapsed(since: now) > Self.snapshotLifetime / 2
    }

    /// Nobody else, in this program or another, changes the repository meanwhile.
    private func exclusively<Answer>(
        _ body: () async throws(Refusal) -> Answer
    ) async throws(Refusal) -> Answer {
        await turn.take()
        let lock: any RepositoryLock
        do { lock = try files.lock() } catch {
            turn.give()
            throw .store(error)
        }
        defer {
            lock.release()
            turn.give()
        }
        return try await body()
    }

    private func sign(
        _ current: PublishedRepository, _ accepted: [AcceptedMetadata], now: Instant
    ) throws(Refusal) -> PublishedRepository {
        do {
            let next = try current.publishing(
                accepted,
                expiry: PublishedRepository.Expiry(
                    snapshot: now.advanced(by: Self.snapshotLifetime),
                    timestamp: now.advanced(by: Self.timestampLifetime)),
                signers: signers)
            for file in next.files(changedSince: current) {
                try files.writeMetadata(file.name, file.bytes)
            }
            return next
        } catch let error as StoreError { throw .store(error) } catch {
            throw .signing("\(error)")
        }
    }
}
