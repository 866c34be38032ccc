internal import Model
internal import Trust
internal import Wire

extension UpdateAgent {
    /// How a refresh of the metadata ended.
    enum RefreshEnd {
        case trusted(TrustedSet)
        case untrusted(TrustError)
        case unreachable(TransportError)
    }

    /// Compares the offer with freshly refreshed metadata.
    func authorizeStep(_ job: AgentPhase.Job) throws(AgentError) -> Pause {
        // On an unconfirmed boot the other slot is the only one that is known to work.
        guard !boot.needs(job.slot) else {
            try take(.gaveUp(boot.occupied(job.slot)))
            return .goOn
        }
        switch try refresh() {
        case .unreachable(let error):
            ports.observer.observe(.checkInFailed("\(error)"))
            guard now < job.offer.unverified.expires else {
                try take(
                    .gaveUp(Failure(.download, "no metadata before the offer ended: \(error)")))
                return .goOn
            }
            return backoff()
        case .untrusted(let error):
            ports.observer.observe(.untrusted("\(error)"))
            try take(.gaveUp(Failure(.refused, "\(error)")))
        case .trusted(let set):
            succeeded()
            if let reason = refusal(of: job.offer, under: set) {
                ports.observer.observe(.untrusted(reason))
                try take(.gaveUp(Failure(.refused, reason)))
            } else {
                try take(.authorized)
            }
        }
        return .goOn
    }

    /// Why the offer must not be taken; `nil` when offer and metadata agree.
    ///
    /// The server chooses among what the offline keys signed for this hardware, and no more.
    private func refusal(of signed: SignedMessage<Offer>, under set: TrustedSet) -> String? {
        let offer = signed.unverified
        guard let role = set.root.offer else { return "root metadata names no offer key" }
        do {
            _ = try role.verify(
                signed.payload, signatures: signed.signatures, by: cryptography.checker)
        } catch { return "the offer is not signed by the offer key: \(error)" }
        guard offer.device == configuration.device else {
            return "the offer is for \(offer.device), not for this device"
        }
        guard offer.expires > now else { return "the offer ended at \(offer.expires)" }
        guard let image = set.targets?.images[offer.image.path] else {
            return "\(offer.image.path) is offered but not in the signed targets metadata"
                + " (it may be an attempt to install a foreign image)"
        }
        guard image.image == offer.image, image.release == offer.release else {
            return "the offer says \(offer.release), \(offer.image.length) bytes, SHA-256"
                + " \(offer.image.sha256), but the signed metadata says \(image.release),"
                + " \(image.image.length) bytes, SHA-256 \(image.image.sha256)"
                + " (it may be an attempt to install a foreign image)"
        }
        return image.refusal(
            by: configuration.hardware, running: content?.release,
            newest: newestVersion(of: image.release.name)
        ).map { "\(image.release) is refused: \($0)" }
    }

    /// What is installed counts like what was confirmed, as on a device fresh from the factory.
    private func newestVersion(of name: ReleaseName) -> Version? {
        let installed = content?.release.name == name ? content?.release.version : nil
        return [installed, state.newestConfirmed[name]].compactMap { $0 }.max()
    }

    /// Brings the trusted metadata up to date, storing each piece as soon as it is trusted.
    func refresh() throws(AgentError) -> RefreshEnd {
        do {
            var refresh = try Refresh(
                stored: storedMetadata(), now: now, cryptography: cryptography,
                limits: configuration.limits)
            while true {
                switch refresh.next() {
                case .fetch(let name, let limitBytes):
                    try refresh.receive(
                        ports.transport.metadata(name, limitBytes: limitBytes))
                case .store(let role, let bytes): try ports.store.saveMetadata(role.fileName, bytes)
                case .forget(let role): try ports.store.saveMetadata(role.fileName, nil)
                case .finished:
                    let trustedAt = now
                    try change { $0.timeFloor = trustedAt }
                    return .trusted(refresh.trusted)
                }
            }
        } catch let error as TrustError { return .untrusted(error) } catch let error
            as TransportError
        { return .unreachable(error) } catch { throw .wrapping(error) }
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
            guard let root = try ports.store.loadMetadata(RoleName.root.fileName) else {
                throw AgentError.noRoot
            }
            return StoredMetadata(
                root: root, timestamp: try ports.store.loadMetadata(RoleName.timestamp.fileName),
                snapshot: try ports.store.loadMetadata(RoleName.snapshot.fileName),
                targets: try ports.store.loadMetadata(RoleName.targets.fileName))
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
