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
        let id = message.unverified.device
        let (known, expected) = try await read { store in
            let known = try store.device(id)
            return (known, try known == nil ? store.expectedDevice(id) : nil)
        }
        let key: Ed25519PublicKey
        let moment = now()
        do { key = try authenticate(message, known: known, expected: expected) } catch {
            try await noteEnrolment(of: message, known: known, at: moment)
            try await noteApplication(of: message, known: known, at: moment)
            throw error
        }
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
        _ message: SignedMessage<CheckIn>, known: DeviceRecord?, expected: ExpectedDevice?
    ) throws(Refusal) -> Ed25519PublicKey {
        let checkIn = message.unverified
        let key: Ed25519PublicKey
        if let registered = known?.publicKey ?? expected?.publicKey {
            key = registered
        } else {
            guard let enrolment = checkIn.enrolment else {
                throw .stranger("device \(checkIn.device) is not known and did not enrol")
            }
            guard showsToken(enrolment) else {
                throw .stranger("device \(checkIn.device) did not show the enrolment token")
            }
            key = enrolment.publicKey
        }
        guard isSigned(message, by: key) else {
            throw .stranger("the check-in is not signed by the key of device \(checkIn.device)")
        }
        return key
    }

    /// Digests are compared, so that the time it takes tells nothing about the token.
    private func showsToken(_ enrolment: Enrolment) -> Bool {
        cryptography.hashing.sha256(Array(enrolment.token.utf8)) == settings.enrolmentTokenDigest
    }

    func isSigned(_ message: SignedMessage<CheckIn>, by key: Ed25519PublicKey) -> Bool {
        guard let keyID = KeyID(key.hex), let signature = message.signatures[keyID] else {
            return false
        }
        return cryptography.checker.isValid(signature, by: .ed25519(key), over: message.payload)
    }

    /// Keeps for the operators that somebody with a token would be this device by another key.
    ///
    /// A device after a factory reset does this, and a thief of the token, too; so a person decides.
    ///
    /// - Throws: ``Refusal/stranger(_:)`` that says so, when that is what the message is.
    private func noteEnrolment(
        of message: SignedMessage<CheckIn>, known: DeviceRecord?, at moment: Instant
    ) async throws(Refusal) {
        guard let known, let enrolment = message.unverified.enrolment,
            showsToken(enrolment), isSigned(message, by: enrolment.publicKey)
        else { return }
        let key = enrolment.publicKey
        try await write { store in
            guard var device = try store.device(known.id), device.publicKey != key,
                device.askedKey?.key != key
            else { return }
            device.askedKey = DeviceRecord.AskedKey(key: key, at: moment)
            try store.save(device, at: moment)
            try store.add(
                EventRecord(
                    at: moment, device: known.id, rollout: nil,
                    what: "asks to enrol again with the key \(key.hex)"))
        }
        let state =
            known.lifecycle == .retired ? "was retired" : "is enrolled with another key"
        throw .stranger(
            "device \(known.id) \(state); an operator has to accept the key \(key.hex) (slipway"
                + " device accept-key)")
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
        case .retire(let wipe): order = .retire(wipe: wipe)
        case .offer(let offer, let deferUntil):
            order = .offer(try sign(Offer(offer, deferUntil: deferUntil)))
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
    fileprivate init(_ record: OfferRecord, deferUntil: Instant?) {
        self.init(
            device: record.device, nonce: record.nonce, rollout: record.rollout,
            wave: record.wave, release: record.release, image: record.image,
            expires: record.expires, deferUntil: deferUntil)
    }
}
