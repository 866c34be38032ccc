internal import Model
internal import Rollouts
internal import Trust
internal import Wire

extension Orchestrator {
    /// Takes one check-in and answers it.
    ///
    /// Everything that the check-in changes, and the lease that its answer takes, is one
    /// transaction; the answer is signed afterwards.
    ///
    /// - Returns: The bytes of a signed directive.
    /// - Throws: ``Refusal``; then nothing has been stored.
    public func checkIn(_ bytes: [UInt8]) async throws(Refusal) -> [UInt8] {
        let message: SignedMessage<CheckIn>
        do {
            message = try SignedMessage(
                parsing: bytes, limitBytes: settings.limits.messageBytes)
        } catch { throw .malformed("\(error)") }
        let known = try await read { try $0.device(message.unverified.device) }
        let key = try authenticate(message, known: known)
        let moment = now()
        let nonce: Nonce
        do { nonce = try makeNonce() } catch { throw .signing("\(error)") }
        let order = try await write { store in
            try CheckInTransaction(
                orchestrator: self, store: store, checkIn: message.unverified, key: key,
                now: moment, nonce: nonce
            ).run()
        }
        return try directive(answering: message.unverified, with: order, at: moment).bytes
    }

    /// Who sent the message: the one place where a device's signature is checked.
    private func authenticate(
        _ message: SignedMessage<CheckIn>, known: DeviceRecord?
    ) throws(Refusal) -> Ed25519PublicKey {
        let checkIn = message.unverified
        let key: Ed25519PublicKey
        if let known {
            key = known.publicKey
        } else {
            guard let enrolment = checkIn.enrolment else {
                throw .stranger("device \(checkIn.device) is not known and did not enrol")
            }
            // Digests are compared, so that the time it takes tells nothing about the token.
            let shown = cryptography.hashing.sha256(Array(enrolment.token.utf8))
            guard shown == settings.enrolmentTokenDigest else {
                throw .stranger("device \(checkIn.device) did not show the enrolment token")
            }
            key = enrolment.publicKey
        }
        guard let keyID = KeyID(key.hex), let signature = message.signatures[keyID],
            cryptography.checker.isValid(signature, by: .ed25519(key), over: message.payload)
        else {
            throw .stranger("the check-in is not signed by the key of device \(checkIn.device)")
        }
        return key
    }

    private func directive(
        answering checkIn: CheckIn, with decided: CheckInTransaction.Order, at moment: Instant
    ) throws(Refusal) -> SignedMessage<Directive> {
        let order: Directive.Order?
        var pauseSeconds = pauseSeconds(for: checkIn, at: moment)
        switch decided {
        case .wait(let atMost):
            order = nil
            // Never later than an idle device, so that it does not look silent.
            if let atMost, atMost <= .seconds(settings.checkInSeconds) {
                pauseSeconds = Int(atMost.components.seconds)
            }
        case .cancel(let nonce): order = .cancel(nonce)
        case .retire: order = .retire
        case .offer(let offer): order = .offer(try sign(Offer(offer)))
        }
        return try sign(
            Directive(
                device: checkIn.device, answers: checkIn.sequence,
                checkInAfterSeconds: pauseSeconds, order: order))
    }

    private func sign<Content: WireMessage>(
        _ content: Content
    ) throws(Refusal) -> SignedMessage<Content> {
        let keyID = signers.offer.publicKey.keyID(hashing: cryptography.hashing)
        do {
            return try SignedMessage(signing: content, keyID: keyID) { try signers.offer.sign($0) }
        } catch { throw .signing("\(error)") }
    }

    /// Spread, so that devices that came together do not come back together.
    private func pauseSeconds(for checkIn: CheckIn, at moment: Instant) -> Int {
        let place = FleetOrder.ofFleet(by: cryptography.hashing).bucket(of: checkIn.device)
        let pause = LeasePacing.idlePause(for: place, at: moment, every: settings.checkInSeconds)
        return Int(pause.components.seconds)
    }
}

extension Offer {
    fileprivate init(_ record: OfferRecord) {
        self.init(
            device: record.device, nonce: record.nonce, rollout: record.rollout,
            wave: record.wave, release: record.release, image: record.image,
            expires: record.expires)
    }
}
