internal import Audit
public import Model
internal import Rollouts
internal import Trust
public import Wire

extension Orchestrator {
    /// Publishes metadata whose images have been uploaded; repeating it changes nothing.
    ///
    /// - Returns: All releases.
    public func publish(
        _ submission: MetadataSubmission, by operator: OperatorName
    ) async throws(Refusal) -> [ReleaseSummary] {
        var files: [RoleName: [UInt8]] = [:]
        for (name, bytes) in submission.files {
            guard let role = RoleName(name) else {
                throw .invalid("no role can have the name that was submitted")
            }
            files[role] = bytes
        }
        try await remember(publisher.publish(files, now: now()), by: .operator(`operator`))
        return try await releases(limit: .max).items
    }

    /// Whether the image is here, published or waiting.
    public func hasImage(_ digest: Digest) async throws(Refusal) -> Bool {
        try await imageLength(digest) != nil
    }

    /// The image's length, in bytes; `nil` unless it is here, published or waiting.
    func imageLength(_ digest: Digest) async throws(Refusal) -> Int64? {
        do {
            if let length = try await images.stagedLength(of: digest) { return length }
        } catch { throw .store(error) }
        for record in try await read({ try $0.images() }) where record.image.sha256 == digest {
            do {
                if try await images.holds(record.image) { return record.image.length }
            } catch { throw .store(error) }
        }
        return nil
    }

    /// Takes in an image piece by piece and keeps it if its digest is `digest`.
    ///
    /// Pieces are written on the caller's thread: each is small and goes to the page cache.
    public func stage<Pieces: AsyncSequence>(
        _ digest: Digest, _ pieces: Pieces
    ) async throws(Refusal) where Pieces.Element == [UInt8] {
        do {
            let upload = try spool.beginUpload(of: digest)
            var stream = cryptography.hashing.sha256Stream()
            var length: Int64 = 0
            for try await piece in pieces {
                length += Int64(piece.count)
                guard length <= settings.limits.imageBytes else {
                    throw Refusal.tooLong(limitBytes: settings.limits.imageBytes)
                }
                stream.update(piece)
                try upload.append(piece)
            }
            guard stream.finish() == digest else {
                throw Refusal.invalid(
                    "the \(length) bytes that arrived do not have the SHA-256 \(digest)")
            }
            try await images.stage(digest, from: upload.finish())
        } catch let error as Refusal { throw error } catch let error as StoreError {
            throw .store(error)
        } catch { throw .malformed("the upload ended early: \(error)") }
    }

    /// Signs snapshot and timestamp anew in time.
    public func refreshMetadata() async throws(Refusal) {
        try await publisher.refresh(now: now())
    }

    /// Looks at the repository once, at the start.
    ///
    /// Images that were published into the folder by other hands become known to the store.
    ///
    /// - Throws: ``Refusal`` when it cannot be read, or names other online keys than ours.
    public func openRepository() async throws(Refusal) {
        let repository = try await publisher.repository()
        guard repository.root.isConsistent else {
            throw .invalid("the repository has no consistent snapshots, which devices need here")
        }
        for (role, signer) in [
            (RoleName.snapshot, signers.snapshot), (.timestamp, signers.timestamp),
        ] {
            guard repository.root.role(role).keys.values.contains(signer.publicKey) else {
                throw .invalid("the \(role) key is not the one that root names")
            }
        }
        guard repository.root.offer?.keys.values.contains(signers.offer.publicKey) == true else {
            throw .invalid("the offer key is not the one that root names")
        }
        try await beginAudit()
        try await remember(repository, by: .server)
        try await removeAbandonedUploads()
        try await refreshMetadata()
    }

    /// Makes the store's images those of the repository.
    private func remember(
        _ repository: PublishedRepository, by actor: AuditActor
    ) async throws(Refusal) {
        let moment = now()
        let images = repository.images
        try await write(as: actor, at: moment) { store in
            let known = try store.images()
            for image in images {
                let record = ImageRecord(image, among: images)
                guard !known.contains(record) else { continue }
                try store.save(record)
                let isNew = !known.contains { $0.image == record.image }
                let what = isNew ? "published" : "changed the conditions of"
                try store.add(
                    EventRecord(
                        at: moment, device: nil, rollout: nil,
                        what: "\(what) \(image.release) as \(image.image.path)"))
            }
            let paths = Set(images.map(\.image.path))
            for record in known where !paths.contains(record.image.path) {
                try withdraw(record, store, at: moment)
            }
        }
    }

    /// Nobody is offered the image any more, and its rollouts end.
    private func withdraw(
        _ record: ImageRecord, _ store: any StoreWriter, at moment: Instant
    ) throws {
        try store.removeImage(at: record.image.path)
        try store.add(
            EventRecord(
                at: moment, device: nil, rollout: nil,
                what: "withdrew \(record.release) at \(record.image.path)"))
        for rollout in try store.rollouts() {
            // A plan that cannot be read offers nothing.
            guard let plan = try? plan(of: rollout), plan.spec.release == record.release,
                let transition = try? plan.transition(
                    from: rollout.state, on: .abort(.releaseWithdrawn))
            else { continue }
            try save(transition, of: rollout, store, at: moment)
        }
    }
}

extension ImageRecord {
    /// - Parameter all: Everything that is published: devices may go back to an image that ranks
    ///   above all newer versions.
    fileprivate init(_ image: SignedImage, among all: [SignedImage]) {
        let newer = all.filter {
            $0.release.name == image.release.name && $0.release.version > image.release.version
        }
        self.init(
            image: image.image, release: image.release, hardware: image.hardware,
            from: image.from, mayDowngrade: newer.allSatisfy { $0.rank < image.rank })
    }
}
