public import Model
internal import Trust
public import Wire

extension Orchestrator {
    /// Publishes targets metadata whose images have been uploaded; repeating it changes nothing.
    ///
    /// - Returns: All releases.
    public func publish(targets bytes: [UInt8]) async throws(Refusal) -> [ReleaseSummary] {
        let images = try await publisher.publish(bytes, now: now())
        try await remember(images)
        return try await releases()
    }

    /// Whether the image is here, published or waiting.
    public func hasImage(_ digest: Digest) async throws(Refusal) -> Bool {
        do {
            if try files.stagedLength(of: digest) != nil { return true }
        } catch { throw .store(error) }
        let images = try await read { try $0.images() }
        do {
            return try images.contains {
                try $0.image.sha256 == digest && files.holds($0.image)
            }
        } catch { throw .wrapping(error) }
    }

    /// Takes in an image piece by piece and keeps it if its digest is `digest`.
    ///
    /// Pieces are written on the caller's thread: each is small and goes to the page cache.
    public func stage<Pieces: AsyncSequence>(
        _ digest: Digest, _ pieces: Pieces
    ) async throws(Refusal) where Pieces.Element == [UInt8] {
        do {
            let upload = try files.beginUpload(of: digest)
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
            try upload.finish()
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
        for (role, signer) in [
            (RoleName.snapshot, signers.snapshot), (.timestamp, signers.timestamp),
        ] {
            guard repository.root.role(role).keys.values.contains(signer.publicKey) else {
                throw .invalid("the \(role.rawValue) key is not the one that root names")
            }
        }
        guard repository.root.offer?.keys.values.contains(signers.offer.publicKey) == true else {
            throw .invalid("the offer key is not the one that root names")
        }
        try await remember(Array(repository.targets.images.values))
        try await refreshMetadata()
    }

    private func remember(_ images: [SignedImage]) async throws(Refusal) {
        let moment = now()
        try await write { store in
            let known = Set(try store.images().map(\.image.path))
            for image in images where !known.contains(image.image.path) {
                try store.add(
                    ImageRecord(
                        image: image.image, release: image.release, hardware: image.hardware,
                        from: image.from, mayDowngrade: image.mayDowngrade))
                try store.add(
                    EventRecord(
                        at: moment, device: nil, rollout: nil,
                        what: "published \(image.release) as \(image.image.path)"))
            }
        }
    }
}
