internal import Model
internal import Trust

/// One upload that is under way: its file, and the digest of what came so far.
///
/// Whoever came last writes: a connection that died without a word must not keep its client from
/// going on with another one. Writes go to the page cache and happen on the caller's thread.
actor Upload {
    let id: UploadID
    private let file: any UploadFile
    private let hashing: any Hashing
    /// Over the first `hashedLength` bytes of the file.
    private var stream: SHA256Stream
    private var hashedLength: Int64 = 0
    /// Rises when somebody takes the upload over.
    private var writer = 0
    private var userCount = 0
    /// Whether others may be using the file.
    private var isReleased = false
    private var progress = Progress.receiving

    private enum Progress {
        case receiving
        /// Complete, and on its way to the image store.
        case finishing
        case over(Result<Void, Refusal>)
    }

    /// Those who wait for an image that is on its way to the image store.
    private var waiting: [CheckedContinuation<Result<Void, Refusal>, Never>] = []

    /// How much of the file is read at once to hash what came before, in bytes.
    private static let pieceBytes = 1_048_576

    init(_ id: UploadID, in spool: any UploadSpool, hashing: any Hashing) throws(StoreError) {
        self.id = id
        self.hashing = hashing
        file = try spool.open(id)
        stream = hashing.sha256Stream()
    }

    /// Begins to use the upload; ``leave()`` has to follow where the answer is `true`.
    ///
    /// - Returns: Whether it is still here: any server may have gone on with it, to its end.
    func enter() throws(Refusal) -> Bool {
        if isReleased {
            let claim: UploadClaim
            do { claim = try file.claim() } catch { throw .store(error) }
            switch claim {
            case .unchanged: break
            case .changed: forgetHash()
            case .gone: return false
            }
            isReleased = false
        }
        userCount += 1
        return true
    }

    /// Once nobody uses it here, any other server may.
    func leave() {
        userCount -= 1
        guard userCount == 0 else { return }
        file.release()
        isReleased = true
    }

    private func forgetHash() {
        stream = hashing.sha256Stream()
        hashedLength = 0
    }

    /// Makes the caller the one who writes, and everybody before it stop.
    ///
    /// - Returns: The caller's number, and how many bytes are durably here.
    func takeOver() throws(Refusal) -> (writer: Int, offset: Int64) {
        writer += 1
        do { try file.sync() } catch { throw .store(error) }
        return (writer, file.length)
    }

    /// Adds bytes at the end.
    ///
    /// - Throws: ``Refusal``; the upload is then as it was before.
    func append(_ bytes: [UInt8], by writer: Int) async throws(Refusal) {
        try await catchUp(as: writer)
        guard Int64(bytes.count) <= id.length - file.length else {
            throw .tooLong(limitBytes: id.length)
        }
        do { try file.append(bytes) } catch { throw .store(error) }
        stream.update(bytes)
        hashedLength = file.length
    }

    /// Forgets what followed the first `length` bytes.
    func goBack(to length: Int64, by writer: Int) throws(Refusal) {
        try check(writer)
        do { try file.truncate(to: length) } catch { throw .store(error) }
        forgetHash()
    }

    /// Makes what was added durable.
    ///
    /// - Returns: How many bytes are here, and when it last got one.
    func settle() throws(Refusal) -> (offset: Int64, touched: Instant) {
        do {
            try file.sync()
            return (file.length, try file.touched)
        } catch { throw .store(error) }
    }

    private func check(_ writer: Int) throws(Refusal) {
        guard writer == self.writer, case .receiving = progress else {
            throw .conflict("another connection goes on with this upload; ask how far it is")
        }
    }

    /// Hashes what is in the file already, after a restart, without keeping others from the thread.
    private func catchUp(as writer: Int) async throws(Refusal) {
        try check(writer)
        while hashedLength < file.length {
            do { try hashNextPiece() } catch { throw .store(error) }
            await Task.yield()
            try check(writer)
        }
    }

    private func hashNextPiece() throws(StoreError) {
        let piece = try file.read(from: hashedLength, maximumBytes: Self.pieceBytes)
        guard !piece.isEmpty else { throw .failed("an upload's file became shorter") }
        stream.update(piece)
        hashedLength += Int64(piece.count)
    }

    /// Compares the digest of the complete upload, and hands it to the image store.
    ///
    /// Several callers get one answer.
    ///
    /// - Throws: ``Refusal/invalid(_:)`` for another digest; the bytes are worth nothing then, and
    ///   are removed.
    func finish(into images: any ImageStore, from spool: any UploadSpool) async throws(Refusal) {
        switch progress {
        case .receiving: break
        case .finishing:
            return try await withCheckedContinuation { waiting.append($0) }.get()
        case .over(let result): return try result.get()
        }
        progress = .finishing
        let result: Result<Void, Refusal>
        do throws(Refusal) {
            try await checkAndStage(images, spool)
            result = .success(())
        } catch { result = .failure(error) }
        switch result {
        // Nothing is lost: whoever asks again tries again.
        case .failure(.store): progress = .receiving
        case .success, .failure: progress = .over(result)
        }
        for continuation in waiting { continuation.resume(returning: result) }
        waiting = []
        try result.get()
    }

    private func checkAndStage(
        _ images: any ImageStore, _ spool: any UploadSpool
    ) async throws(Refusal) {
        do {
            guard try await digest() == id.sha256 else {
                try spool.remove(id)
                throw Refusal.invalid(
                    "the \(id.length) bytes that arrived do not have the SHA-256 \(id.sha256);"
                        + " the upload begins anew")
            }
            try file.sync()
            try await images.stage(id.sha256, from: file.path)
        } catch let error as Refusal { throw error } catch { throw .wrapping(error) }
    }

    /// Of the whole file; what was hashed while it came is not read again.
    private func digest() async throws(StoreError) -> Digest {
        while hashedLength < file.length {
            try hashNextPiece()
            await Task.yield()
        }
        let digest = stream.finish()
        forgetHash()
        return digest
    }

    /// Whether nothing more can come of it.
    var isOver: Bool {
        if case .over = progress { true } else { false }
    }

    /// Ends the upload and forgets its bytes.
    func abandon(in spool: any UploadSpool) throws(Refusal) {
        guard case .receiving = progress else {
            throw .conflict("the image is complete; nothing is left to end")
        }
        do { try spool.remove(id) } catch { throw .store(error) }
        progress = .over(.failure(.unknown("this upload was ended")))
    }
}
