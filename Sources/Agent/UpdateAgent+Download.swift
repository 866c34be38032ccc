internal import Model
internal import Trust
internal import Wire

extension UpdateAgent {
    /// Fetches the image, or the rest of it, into the slot.
    func downloadStep(_ job: AgentPhase.Job, from offset: Int64) throws(AgentError) -> Pause {
        if let (rest, reason) = linkObjection(to: job, bytes: job.image.length - offset) {
            return try putOff(job, for: reason, atMost: rest)
        }
        let download: Download
        do {
            // No boot may try a slot that is half written.
            try ports.bootloader.disarm()
            download = try Download(job, from: offset, agent: self)
        } catch {
            try take(.gaveUp(Failure(.install, "\(error)")))
            return .goOn
        }
        defer { ports.slots.end() }
        // Everything may have been there when the agent was cut off before it compared.
        guard download.written < job.image.length else { return try compare(download, job) }
        let path = try publishedPath(of: job.image)
        let end: Result<ImageEnd, TransportError>
        do {
            end = .success(
                try source(of: job).image(
                    path, from: download.began, maximumBytes: job.image.length - download.began,
                    receive: { download.receive($0) }))
        } catch { end = .failure(error) }
        if let problem = download.problem { throw problem }
        return try settle(download, job, end)
    }

    /// Why the device's link is not to be used now, and for how long; `nil` when it is.
    fileprivate func linkObjection(
        to job: AgentPhase.Job, bytes: Int64
    ) -> (rest: Duration, reason: String)? {
        guard !job.isCarried, bytes > 0,
            case .wait(let rest, let reason) = ports.fetching.decision(at: now, bytes: bytes)
        else { return nil }
        return (rest, reason)
    }

    /// Where the repository serves the image.
    private func publishedPath(of image: ImageReference) throws(AgentError) -> String {
        try storedRoot().isConsistent ? image.path.prefixed(by: image.sha256) : image.path.text
    }

    private func settle(
        _ download: Download, _ job: AgentPhase.Job, _ end: Result<ImageEnd, TransportError>
    ) throws(AgentError) -> Pause {
        if let error = download.slotError {
            try take(.gaveUp(Failure(.install, "\(error)")))
            return .goOn
        }
        switch end {
        case .success(.complete) where download.written == job.image.length:
            return try compare(download, job)
        case .success(.stopped):
            // Put aside for somebody at the device, or not wanted any more.
            if case .downloading = state.phase { try download.makeDurable() }
            return .goOn
        case .success(.cannotResume) where download.began > 0:
            try take(.downloadMustRestart)
            return .goOn
        case .success(.cannotResume):
            return try interrupted(download, job, "the server does not begin at the beginning")
        case .success(.absent):
            try take(.gaveUp(Failure(.download, "the server does not have \(job.image.path)")))
            return .goOn
        case .success(.complete):
            return try interrupted(
                download, job,
                job.isCarried ? "the bundle ends early" : "the connection ended early")
        case .failure(.tooLong):
            try take(.gaveUp(Failure(.refused, "\(TransportError.tooLong)")))
            return .goOn
        case .failure(let error) where error.isPermanent:
            try take(.gaveUp(Failure(.download, "\(error)")))
            return .goOn
        case .failure(let error):
            return try interrupted(download, job, "\(error)", error)
        }
    }

    private func compare(
        _ download: Download, _ job: AgentPhase.Job
    ) throws(AgentError) -> Pause {
        guard let digest = try download.finish() else { return .goOn }
        succeeded()
        if digest == job.image.sha256 {
            return try finish(download, job)
        } else if download.began > 0 || isOfMirror(job) {
            // The part from before may be the wrong one; only a whole image accuses the server.
            try take(.downloadMustRestart)
        } else {
            let reason =
                "the bytes of \(job.image.path) have SHA-256 \(digest), but"
                + " \(job.image.sha256) is signed (it may be a tampered image)"
            ports.observer.observe(.untrusted(reason))
            try take(.gaveUp(Failure(.refused, reason)))
        }
        return .goOn
    }

    /// Whether the wrong bytes may be a mirror's, so that asking again asks another place.
    private func isOfMirror(_ job: AgentPhase.Job) -> Bool {
        !job.isCarried && ports.transport.avoidSource(of: .image)
    }

    /// Makes the image the content of the slot.
    private func finish(
        _ download: Download, _ job: AgentPhase.Job
    ) throws(AgentError) -> Pause {
        if let pause = try hookStep(.preInstall, job) {
            // Whoever objects does not have it fetched again.
            if case .downloading = state.phase { try download.makeDurable() }
            return pause
        }
        var payload = job.payload
        do throws(SlotError) {
            var stream = cryptography.hashing.sha256Stream()
            var length: Int64 = 0
            try ports.slots.finish { piece in
                stream.update(piece)
                length += Int64(piece.count)
            }
            if !payload.format.hasSignedContent {
                payload = Payload(
                    format: payload.format, installedLength: length,
                    installedSHA256: stream.finish())
            }
        } catch {
            try take(.gaveUp(Failure(.install, "\(error)")))
            return .goOn
        }
        try take(.downloadComplete(payload))
        return .goOn
    }

    /// Keeps what there is, asks the server whether the offer still stands, and tries again later.
    private func interrupted(
        _ download: Download, _ job: AgentPhase.Job, _ reason: String,
        _ error: TransportError? = nil
    ) throws(AgentError) -> Pause {
        ports.observer.observe(.slow("\(job.image.path) at \(download.written) bytes: \(reason)"))
        if let error { heard(error) }
        try download.makeDurable()
        if let error = download.slotError {
            try take(.gaveUp(Failure(.install, "\(error)")))
            return .goOn
        }
        if download.written > download.began { succeeded() }
        if job.isCarried {
            try take(.gaveUp(Failure(.download, reason)))
            return .goOn
        }
        _ = try checkIn(download.report)
        guard case .downloading(let job, _) = state.phase else { return .goOn }
        guard now < job.offer.unverified.expires else {
            try take(.gaveUp(Failure(.download, reason)))
            return .goOn
        }
        return backoff()
    }
}

/// One transfer of an image into a slot.
private final class Download {
    let job: AgentPhase.Job
    let began: Int64
    private(set) var written: Int64
    private(set) var slotError: SlotError?
    private(set) var problem: AgentError?
    private let agent: UpdateAgent
    private let digest: FetchedDigest
    private var durable: Int64
    private var reportedAt: Duration

    init(
        _ job: AgentPhase.Job, from offset: Int64, agent: UpdateAgent
    ) throws(SlotError) {
        self.job = job
        self.agent = agent
        reportedAt = agent.ports.clock.uptime
        let slots = agent.ports.slots
        // What the slot held before is being overwritten: nobody may boot it any more.
        try slots.setContent(nil, of: job.slot)
        let digest = FetchedDigest(job.nonce, agent.cryptography.hashing)
        let kept = try slots.begin(
            job.slot, job.payload, length: job.image.length, at: offset
        ) { digest.update($0) }
        if digest.byteCount == kept {
            (self.digest, began) = (digest, kept)
        } else if let earlier = agent.fetched, earlier.nonce == job.nonce,
            earlier.byteCount == kept, digest.byteCount == 0
        {
            (self.digest, began) = (earlier, kept)
        } else {
            slots.end()
            began = try slots.begin(
                job.slot, job.payload, length: job.image.length, at: 0, kept: { _ in })
            self.digest = FetchedDigest(job.nonce, agent.cryptography.hashing)
        }
        agent.fetched = self.digest
        written = began
        durable = began
        if began > 0 { agent.ports.observer.observe(.resumed(atByte: began)) }
    }

    /// - Returns: Whether more bytes are wanted.
    func receive(_ bytes: [UInt8]) -> Bool {
        do throws(AgentError) {
            do { try agent.ports.slots.write(bytes) } catch {
                slotError = error
                return false
            }
            digest.update(bytes)
            written += Int64(bytes.count)
            if written - durable >= agent.configuration.durableStepBytes { try makeDurable() }
            return slotError == nil ? try isStillWanted() : false
        } catch {
            problem = error
            return false
        }
    }

    func makeDurable() throws(AgentError) {
        guard written > durable else { return }
        do { try agent.ports.slots.sync() } catch {
            slotError = error
            return
        }
        durable = written
        try agent.take(.downloaded(durableBytes: durable))
    }

    /// Reports progress in time to keep the lease, and hears of a cancellation by it.
    private func isStillWanted() throws(AgentError) -> Bool {
        guard !agent.ports.isCalled() else { return false }
        // Nobody is told of what was carried here before it has ended.
        guard !job.isCarried else { return true }
        let uptime = agent.ports.clock.uptime
        guard uptime - reportedAt >= reportInterval else { return true }
        reportedAt = uptime
        let left = job.image.length - written
        guard agent.linkObjection(to: job, bytes: left) == nil else { return false }
        _ = try agent.checkIn(report)
        guard case .downloading(let current, _) = agent.state.phase else { return false }
        return current.nonce == job.nonce
    }

    /// A third of the lease, so that one lost report does not lose it; at most half a minute.
    private var reportInterval: Duration {
        guard case .downloading(let current, _) = agent.state.phase else { return .zero }
        let left = current.offer.unverified.expires.elapsed(since: agent.now)
        return max(.seconds(1), min(.seconds(30), left / 3))
    }

    var report: PhaseReport {
        .downloading(job.nonce, bytesDone: written, bytesTotal: job.image.length)
    }

    /// Makes everything durable and tells what it is; `nil` when the medium failed, which ends it.
    func finish() throws(AgentError) -> Digest? {
        do { try agent.ports.slots.sync() } catch {
            try agent.take(.gaveUp(Failure(.install, "\(error)")))
            return nil
        }
        return digest.finish()
    }
}

/// The digest of what was fetched of an image so far; outlives a try that was cut off.
final class FetchedDigest {
    let nonce: Nonce
    /// Of the image; this many of its first bytes were taken.
    private(set) var byteCount: Int64 = 0
    private var stream: SHA256Stream
    private var finished: Digest?

    init(_ nonce: Nonce, _ hashing: any Hashing) {
        self.nonce = nonce
        stream = hashing.sha256Stream()
    }

    func update(_ bytes: [UInt8]) {
        stream.update(bytes)
        byteCount += Int64(bytes.count)
    }

    /// The digest; no more bytes may follow.
    func finish() -> Digest {
        let digest = finished ?? stream.finish()
        finished = digest
        return digest
    }
}
