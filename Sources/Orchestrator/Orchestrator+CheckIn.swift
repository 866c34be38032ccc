internal import Audit
public import Model
internal import Rollouts
internal import Trust
internal import Wire

extension Orchestrator {
    /// Takes one check-in and answers it.
    ///
    /// Everything that the check-in changes, and the lease that its answer takes, is one
    /// transaction; the answer is signed afterwards.
    ///
    /// - Parameters:
    ///   - admit: Asked before anything is looked up, with the device that the message says it is
    ///     from; what it throws is the answer.
    ///   - note: Told what came of it, once that is stored and the answer signed.
    /// - Returns: The bytes of a signed directive.
    /// - Throws: ``Refusal``; then nothing has been stored.
    public func checkIn(
        _ bytes: [UInt8], admit: (DeviceID) throws(Refusal) -> Void = { _ in },
        note: @Sendable (CheckInOutcome) -> Void = { _ in }
    ) async throws(Refusal) -> [UInt8] {
        let message: SignedMessage<CheckIn>
        do {
            message = try SignedMessage(
                parsing: bytes, limitBytes: settings.limits.messageBytes)
        } catch { throw .malformed("\(error)") }
        try admit(message.unverified.device)
        let moment = now()
        let key = try await sender(of: message, at: moment)
        let nonce: Nonce
        do { nonce = try makeNonce() } catch { throw .signing("\(error)") }
        let order = try await write(as: .device(message.unverified.device), at: moment) { store in
            try CheckInTransaction(
                orchestrator: self, store: store, checkIn: message.unverified, key: key,
                now: moment, nonce: nonce
            ).run()
        }
        let answer = try directive(answering: message.unverified, with: order, at: moment).bytes
        note(CheckInOutcome(order))
        return answer
    }

    /// The key of a known device that signed the message, or of one that enrols.
    private func sender(
        of message: SignedMessage<CheckIn>, at moment: Instant
    ) async throws(Refusal) -> Ed25519PublicKey {
        // Nearly always it is that of the device, about which nothing else has to be asked first.
        let device = message.unverified.device
        if let key = deviceKeys.key(of: device), isSigned(message, by: key) { return key }
        if let key = try await read({ try $0.publicKey(of: device) }), isSigned(message, by: key) {
            deviceKeys.keep(key, of: device)
            return key
        }
        let (known, ground) = try await read { store in
            let known = try store.device(device)
            guard known == nil else { return (known, nil as EnrolmentGround?) }
            return (known, try enrolmentGround(of: message.unverified, store, at: moment))
        }
        do { return try authenticate(message, known: known, ground) } catch {
            try await noteEnrolment(of: message, known: known, at: moment)
            try await noteApplication(of: message, known: known, at: moment)
            throw error
        }
    }

    /// Who sent the message, if it is somebody who may.
    private func authenticate(
        _ message: SignedMessage<CheckIn>, known: DeviceRecord?, _ ground: EnrolmentGround?
    ) throws(Refusal) -> Ed25519PublicKey {
        let checkIn = message.unverified
        guard let known else {
            guard ground != nil, let key = checkIn.enrolment?.publicKey,
                isSigned(message, by: key)
            else { throw Self.mayNotEnrol(checkIn.device) }
            return key
        }
        guard isSigned(message, by: known.publicKey) else {
            throw Self.mayNotEnrol(checkIn.device)
        }
        return known.publicKey
    }

    /// How long one key that was asked for stands before another may take its place.
    static let askPeriod = Duration.seconds(86_400)

    func isSigned(_ message: SignedMessage<CheckIn>, by key: Ed25519PublicKey) -> Bool {
        guard let keyID = KeyID(key.hex), let signature = message.signatures[keyID] else {
            return false
        }
        return cryptography.checker.isValid(signature, by: .ed25519(key), over: message.payload)
    }

    /// Keeps for the operators that somebody with a token would be this device by another key.
    ///
    /// A device after a factory reset does this, and a thief of the token, too; so a person decides.
    /// One key a day is kept, so that a thief fills nothing up.
    ///
    /// - Throws: ``Refusal/stranger(_:)`` that says so, when that is what the message is.
    private func noteEnrolment(
        of message: SignedMessage<CheckIn>, known: DeviceRecord?, at moment: Instant
    ) async throws(Refusal) {
        guard let known, let enrolment = message.unverified.enrolment,
            isSigned(message, by: enrolment.publicKey)
        else { return }
        let key = enrolment.publicKey
        let checkIn = message.unverified
        guard try await read({ try mayAskAgain(checkIn, $0, at: moment) }) else { return }
        try await write(as: .stranger, at: moment) { store in
            guard var device = try store.device(known.id), device.publicKey != key,
                device.askedKey?.key != key,
                device.askedKey.map({ $0.at.advanced(by: Self.askPeriod) <= moment }) ?? true
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
        do {
            return try SignedMessage(signing: content, keyID: offerKeyID) {
                try signers.offer.sign($0)
            }
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
