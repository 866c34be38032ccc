public import Model
internal import Trust

/// How far an upload is.
public struct UploadStanding: Hashable, Sendable {
    public var sha256: Digest
    /// How many bytes are durably here; an upload with all of them is checked and kept.
    public var offset: Int64
    public var length: Int64
    /// When it is removed unless more comes; `nil` for a complete one.
    public var expires: Instant?
}

/// Uploads that may be interrupted and gone on with: by the client, the server, or a power cut.
///
/// The digest that the client announces is the name of the upload, so that whoever starts again
/// finds what is here already.
extension Orchestrator {
    /// How long an upload waits for its next byte.
    public static let uploadLifetime = Duration.seconds(86_400)

    /// The most uploads that wait to be gone on with.
    private static let maximumUploadCount = 256

    /// The most bytes of an image.
    public var imageLimitBytes: Int64 { settings.limits.imageBytes }

    /// Begins the upload of an image, or finds how far it is.
    ///
    /// - Throws: ``Refusal``; ``Refusal/conflict(_:)`` when it was begun with another length.
    public func beginUpload(
        of digest: Digest, length: Int64
    ) async throws(Refusal) -> UploadStanding {
        guard length <= settings.limits.imageBytes else {
            throw .tooLong(limitBytes: settings.limits.imageBytes)
        }
        guard let id = UploadID(sha256: digest, length: length) else {
            throw .malformed("an image has at least one byte")
        }
        if let complete = try await complete(digest) { return complete }
        try await removeAbandonedUploads()
        do {
            let known = try spool.uploads()
            if let other = known.first(where: { $0.id.sha256 == digest && $0.id != id }) {
                throw Refusal.conflict(
                    "an upload of this image with \(other.id.length) bytes has begun; end it first")
            }
            guard known.count < Self.maximumUploadCount else {
                throw Refusal.conflict("\(known.count) uploads wait to be gone on with; end some")
            }
            try spool.create(id)
        } catch { throw .wrapping(error) }
        return try await standing(ofUpload: digest)
    }

    /// How far the upload is; whoever wrote to it before does not any more.
    ///
    /// - Throws: ``Refusal/unknown(_:)`` when there is none.
    public func standing(ofUpload digest: Digest) async throws(Refusal) -> UploadStanding {
        if let complete = try await complete(digest) { return complete }
        let standing = try await uploads.with(digest) { upload throws(Refusal) in
            _ = try await upload.takeOver()
            return try await settle(upload)
        }
        guard let standing else { throw .unknown("there is no upload of \(digest)") }
        return standing
    }

    /// Adds the pieces to the upload; what came of them stays, also when they end early.
    ///
    /// - Parameters:
    ///   - offset: Where the first piece belongs.
    ///   - expected: The SHA-256 of the pieces, where the client told it.
    /// - Returns: How far the upload is; a complete one has been checked.
    public func append<Pieces: AsyncSequence>(
        toUpload digest: Digest, at offset: Int64, expecting expected: Digest?, _ pieces: Pieces
    ) async throws(Refusal) -> UploadStanding where Pieces.Element == [UInt8] {
        let standing = try await uploads.with(digest) { upload throws(Refusal) in
            let (writer, known) = try await upload.takeOver()
            guard known == offset else {
                throw .conflict("the upload is at \(known), not at \(offset)")
            }
            try await receive(pieces, into: upload, from: offset, as: writer, expecting: expected)
            return try await settle(upload)
        }
        guard let standing else { throw .unknown("there is no upload of \(digest)") }
        return standing
    }

    private func receive<Pieces: AsyncSequence>(
        _ pieces: Pieces, into upload: Upload, from offset: Int64, as writer: Int,
        expecting expected: Digest?
    ) async throws(Refusal) where Pieces.Element == [UInt8] {
        var check = cryptography.hashing.sha256Stream()
        do {
            for try await piece in pieces {
                try await upload.append(piece, by: writer)
                if expected != nil { check.update(piece) }
            }
        } catch let error as Refusal {
            throw error
        } catch { throw .malformed("the upload ended early: \(error)") }
        guard let expected, check.finish() != expected else { return }
        try await upload.goBack(to: offset, by: writer)
        throw .checksum
    }

    private func settle(_ upload: Upload) async throws(Refusal) -> UploadStanding {
        let (offset, touched) = try await upload.settle()
        let id = upload.id
        if offset == id.length { try await upload.finish(into: images, from: spool) }
        return UploadStanding(
            sha256: id.sha256, offset: offset, length: id.length,
            expires: offset == id.length ? nil : touched.advanced(by: Self.uploadLifetime))
    }

    /// Ends the upload and forgets its bytes.
    public func endUpload(of digest: Digest) async throws(Refusal) {
        let isDone: Void? = try await uploads.with(digest) { upload throws(Refusal) in
            try await upload.abandon(in: spool)
        }
        guard isDone != nil else { throw .unknown("there is no upload of \(digest)") }
    }

    /// Removes uploads that nobody went on with.
    public func removeAbandonedUploads() async throws(Refusal) {
        let earliest = now().advanced(by: .zero - Self.uploadLifetime)
        do { try await uploads.removeAbandoned(before: earliest) } catch { throw .store(error) }
    }

    /// The image as an upload that is complete; `nil` when it is not here.
    private func complete(_ digest: Digest) async throws(Refusal) -> UploadStanding? {
        guard let length = try await imageLength(digest) else { return nil }
        return UploadStanding(sha256: digest, offset: length, length: length, expires: nil)
    }
}
