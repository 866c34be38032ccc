internal import Model
internal import Trust

/// The uploads that this server has open, each once.
actor Uploads {
    private let spool: any UploadSpool
    private let hashing: any Hashing
    private var open: [Digest: (upload: Upload, useCount: Int)] = [:]

    /// How many stay open while nobody uses them here, so that the next piece needs no hashing of all
    /// that came before it; any server may use them meanwhile.
    private static let maximumIdleCount = 16

    init(spool: any UploadSpool, hashing: any Hashing) {
        self.spool = spool
        self.hashing = hashing
    }

    /// Runs `body` with the upload of the image.
    ///
    /// - Returns: `nil` when there is none.
    nonisolated func with<Answer: Sendable>(
        _ digest: Digest, _ body: (Upload) async throws(Refusal) -> Answer
    ) async throws(Refusal) -> Answer? {
        guard let upload = try await enter(digest) else { return nil }
        do throws(Refusal) {
            let answer = try await body(upload)
            await leave(upload)
            return answer
        } catch {
            await leave(upload)
            throw error
        }
    }

    private func enter(_ digest: Digest) async throws(Refusal) -> Upload? {
        while true {
            let upload: Upload
            if let entry = open[digest] {
                upload = entry.upload
                open[digest]?.useCount += 1
            } else {
                guard let new = try open(digest) else { return nil }
                upload = new
            }
            do throws(Refusal) { if try await upload.enter() { return upload } } catch {
                discount(upload)
                throw error
            }
            // Another server has done the rest; perhaps somebody has begun it anew.
            discount(upload)
            if open[digest]?.upload === upload { open[digest] = nil }
        }
    }

    private func open(_ digest: Digest) throws(Refusal) -> Upload? {
        do {
            guard let id = try spool.upload(of: digest) else { return nil }
            let upload = try Upload(id, in: spool, hashing: hashing)
            open[digest] = (upload, 1)
            return upload
        } catch { throw .store(error) }
    }

    private func leave(_ upload: Upload) async {
        let digest = upload.id.sha256
        await upload.leave()
        discount(upload)
        // One that is over lies no longer where it was opened.
        if await upload.isOver { forget(digest) }
        let idle = open.filter { $0.value.useCount == 0 }.keys
        for digest in idle.dropFirst(Self.maximumIdleCount) { forget(digest) }
    }

    private func discount(_ upload: Upload) {
        let digest = upload.id.sha256
        if open[digest]?.upload === upload { open[digest]?.useCount -= 1 }
    }

    private func forget(_ digest: Digest) {
        if open[digest]?.useCount == 0 { open[digest] = nil }
    }

    /// Removes the uploads that got no byte since `moment`, except those that somebody uses.
    func removeAbandoned(before moment: Instant) throws(StoreError) {
        for upload in try spool.uploads() where upload.touched < moment {
            guard open[upload.id.sha256].map({ $0.useCount == 0 }) ?? true else { continue }
            open[upload.id.sha256] = nil
            try spool.remove(upload.id)
        }
    }
}
