internal import Model
internal import Trust
internal import Wire

extension UpdateAgent {
    /// What the signed metadata says of an offer.
    enum Authorization {
        case granted(SignedImage)
        case refused(Failure)
        case unreachable(TransportError)
    }

    /// Compares the offer with freshly refreshed metadata.
    func authorizeStep(_ job: AgentPhase.Job) throws(AgentError) -> Pause {
        // On an unconfirmed boot the other slot is the only one that is known to work.
        guard !boot.needs(job.slot) else {
            try take(.gaveUp(boot.occupied(job.slot)))
            return .goOn
        }
        var pause: Pause?
        let next = try act(on: job) { image throws(AgentError) in
            guard self.ports.slots.takes(image.payload.format) else {
                return try self.take(.gaveUp(self.foreignFormat(image.payload.format)))
            }
            pause = try self.hookStep(.preDownload, job)
            guard pause == nil else { return }
            try self.take(.authorized(counter: image.counter, image.payload))
        }
        return pause ?? next
    }

    private func foreignFormat(_ format: Payload.Format) -> Failure {
        Failure(.refused, "this device's slots take no image of the format \(format.rawValue)")
    }

    /// Asks the metadata about the job's offer, and goes on with `granted` where it may.
    func act(
        on job: AgentPhase.Job, granted: (SignedImage) throws(AgentError) -> Void
    ) throws(AgentError) -> Pause {
        switch try authorization(of: job) {
        case .unreachable(let error):
            heard(error)
            ports.observer.observe(.checkInFailed("\(error)"))
            if job.isCarried {
                try take(.gaveUp(Failure(.download, "\(error)")))
                return .goOn
            }
            guard now < job.offer.unverified.expires else {
                try take(
                    .gaveUp(Failure(.download, "no metadata before the offer ended: \(error)")))
                return .goOn
            }
            return backoff()
        case .refused(let failure):
            ports.observer.observe(.untrusted(failure.detail))
            try take(.gaveUp(failure))
        case .granted(let image):
            succeeded()
            try granted(image)
        }
        return .goOn
    }

    /// Brings the trusted metadata up to date and looks for the offered image in it.
    private func authorization(
        of job: AgentPhase.Job
    ) throws(AgentError) -> Authorization {
        do {
            let source = try source(of: job)
            var refresh = try refreshed(from: source)
            refresh.seek(job.image.path.text)
            try perform(&refresh, from: source)
            return answer(to: job, root: refresh.trusted.root, image: try refresh.found?.image())
        } catch let refusal as MetadataRefusal {
            // A mirror accuses nobody but itself.
            guard job.isCarried || !ports.transport.avoidSource(of: .metadata) else {
                return .unreachable(.foreign("a mirror's metadata is not trusted: \(refusal)"))
            }
            return .refused(
                Failure(.refused, "\(refusal)", indicator: refusal.reason.indicator))
        } catch let error as TransportError { return .unreachable(error) } catch {
            throw .wrapping(error)
        }
    }

    /// Where the job's metadata and image come from.
    func source(of job: AgentPhase.Job) throws(TransportError) -> any UpdateSource {
        guard let bundle = job.bundle else { return ports.transport }
        return try ports.bundles.open(bundle)
    }

    /// Brings the trusted metadata up to date.
    func refreshed(from source: any UpdateSource) throws -> Refresh {
        var refresh = try Refresh(
            stored: storedMetadata(), now: now, cryptography: cryptography,
            limits: configuration.limits)
        try perform(&refresh, from: source)
        let trustedAt = now
        try change { $0.timeFloor.raise(to: trustedAt) }
        return refresh
    }

    /// Refreshes for the sake of new keys; what cannot be had or trusted changes nothing.
    func lookForNewRoot() throws(AgentError) {
        do { _ = try refreshed(from: ports.transport) } catch let refusal as MetadataRefusal {
            ports.observer.observe(.untrusted("\(refusal)"))
        } catch let error as TransportError {
            ports.observer.observe(.checkInFailed("\(error)"))
        } catch { throw .wrapping(error) }
    }

    /// Does what the refresh asks for, storing each piece as soon as it is trusted.
    func perform(_ refresh: inout Refresh, from source: any UpdateSource) throws {
        while true {
            switch refresh.next() {
            case .fetch(let name, let limitBytes):
                try refresh.receive(source.metadata(name, limitBytes: limitBytes))
            case .recall(let role):
                try refresh.receive(ports.store.loadMetadata(role.storedName))
            case .store(let role, let bytes):
                try ports.store.saveMetadata(role.storedName, bytes)
            case .forget(let role): try ports.store.saveMetadata(role.storedName, nil)
            case .finished: return
            }
        }
    }

    /// The server chooses among what the offline keys signed for this hardware, and no more.
    private func answer(
        to job: AgentPhase.Job, root: Root, image: SignedImage?
    ) -> Authorization {
        let offer = job.offer.unverified
        if let failure = signatureFailure(of: job, root: root) { return .refused(failure) }
        guard offer.device == configuration.device else {
            return foreign("the offer is for \(offer.device), not for this device")
        }
        guard offer.expires > now else {
            return .refused(Failure(.refused, "the offer ended at \(offer.expires)"))
        }
        guard let image else {
            return foreign(
                "\(offer.image.path) is offered but no signed targets metadata lists it as an"
                    + " image (it may have been withdrawn, or be an attempt to install a foreign"
                    + " image)")
        }
        guard image.image == offer.image, image.release == offer.release else {
            return foreign(
                "the offer says \(offer.release), \(offer.image.length) bytes, SHA-256"
                    + " \(offer.image.sha256), but the signed metadata says \(image.release),"
                    + " \(image.image.length) bytes, SHA-256 \(image.image.sha256)"
                    + " (it may be an attempt to install a foreign image)")
        }
        let refusal = image.refusal(
            by: configuration.hardware, running: content?.release,
            newest: newestRank(of: image.release.name))
        guard let refusal else { return .granted(image) }
        return .refused(
            Failure(
                .refused, "\(image.release) is refused: \(refusal)",
                indicator: refusal.indicator))
    }

    /// Why whoever chose this image for the device may not have; `nil` when they may.
    private func signatureFailure(of job: AgentPhase.Job, root: Root) -> Failure? {
        // Somebody at the device chose it; the stored state, which no server writes, says so.
        if job.isCarried { return nil }
        guard let role = root.offer else {
            return Failure(.refused, "root metadata names no offer key")
        }
        do {
            _ = try role.verify(
                job.offer.payload, signatures: job.offer.signatures, by: cryptography.checker)
            return nil
        } catch {
            return Failure(
                .refused, "the offer is not signed by the offer key: \(error)",
                indicator: error.indicator)
        }
    }

    private func foreign(_ detail: String) -> Authorization {
        .refused(Failure(.refused, detail, indicator: .arbitraryInstallation))
    }

    /// What is installed counts like what was confirmed, as on a device fresh from the factory.
    private func newestRank(of name: ReleaseName) -> ReleaseRank? {
        let installed = content?.release.name == name ? content?.release.version : nil
        return [
            installed.map { ReleaseRank(counter: 1, version: $0) }, state.newestConfirmed[name],
        ].compactMap { $0 }.max()
    }

    func storedRoot() throws(AgentError) -> Root {
        do {
            return try TrustedSet(
                root: storedMetadata().root, now: now, cryptography: cryptography,
                limits: configuration.limits
            ).root
        } catch { throw (error as? AgentError) ?? .noRoot }
    }

    private func storedMetadata() throws(AgentError) -> StoredMetadata {
        do {
            guard let root = try ports.store.loadMetadata(RoleName.root.storedName) else {
                throw AgentError.noRoot
            }
            return StoredMetadata(
                root: root, timestamp: try ports.store.loadMetadata(RoleName.timestamp.storedName),
                snapshot: try ports.store.loadMetadata(RoleName.snapshot.storedName),
                targets: try ports.store.loadMetadata(RoleName.targets.storedName))
        } catch { throw .wrapping(error) }
    }
}

extension AgentError {
    /// The agent's own error in a `do` that also handled the errors of others.
    static func wrapping(_ error: any Error) -> AgentError {
        switch error {
        case let error as AgentError: error
        case let error as SlotError: .device(error)
        default: preconditionFailure("not an error of the agent or its ports: \(error)")
        }
    }
}
