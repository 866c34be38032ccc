internal import Model
internal import Trust
internal import Wire

extension UpdateAgent {
    /// Sequences that one durable write reserves, so that not every check-in wears the flash.
    private static let sequencesReserved: Int64 = 100

    /// One exchange with the server, and how long to wait after it.
    func checkInStep(_ report: PhaseReport) throws(AgentError) -> Pause {
        guard let directive = try checkIn(report) else {
            try take(.unanswered)
            return try pauseUnanswered()
        }
        // Not in `checkIn`: an answer between two tries of a download does not make those a success.
        succeeded()
        switch state.phase {
        case .idle: return .wait(directive.pause)
        case .offered, .downloading, .verifying, .installed, .trial, .confirming, .proven,
            .rollingBack,
            .failed:
            return .goOn
        }
    }

    private func pauseUnanswered() throws(AgentError) -> Pause {
        switch state.phase {
        case .trial(let job, .passed):
            let deadline = trialDeadline(of: job)
            guard ports.clock.uptime < deadline else {
                let seconds = deadline.components.seconds
                try giveUpTrial(
                    Failure(
                        .health, "the new image did not reach the server within \(seconds) s"))
                return .goOn
            }
            return .wait(.seconds(1))
        case .trial, .confirming, .rollingBack: return .goOn
        case .idle, .offered, .downloading, .verifying, .installed, .proven, .failed:
            return backoff()
        }
    }

    /// Sends a check-in and takes its checked answer into the state.
    ///
    /// - Returns: `nil` when there was no answer that can be trusted.
    func checkIn(_ report: PhaseReport) throws(AgentError) -> Directive? {
        let sequence = try nextSequence()
        let attributes = ports.inventory.attributes() ?? configuration.attributes
        let message = try signed(report, sequence: sequence, attributes)
        guard let answer = exchange(message) else { return nil }
        guard let directive = try trusted(answer, sequence: sequence) else { return nil }
        refusal = nil
        let spare: SlotName
        do { spare = try ports.slots.spare(besides: boot.booted) } catch { throw .device(error) }
        try change { state in
            state.isEnrolled = true
            state.enrolledKey = ports.identity.publicKey
            state.note(directive.order)
            state.reportedAttributes = attributes
        }
        try take(.answered(directive, spare: spare))
        return directive
    }

    func nextSequence() throws(AgentError) -> Int64 {
        if usedSequence >= state.lastSequence {
            try change { $0.lastSequence += Self.sequencesReserved }
        }
        usedSequence += 1
        return usedSequence
    }

    /// A key that was lost and made anew has to enrol again, whatever the server knew before.
    private var isEnrolled: Bool {
        let key = ports.identity.publicKey
        return state.isEnrolled && state.enrolledKey ?? key == key
    }

    private func signed(
        _ report: PhaseReport, sequence: Int64, _ attributes: Attributes
    ) throws(AgentError) -> SignedMessage<CheckIn> {
        let identity = ports.identity
        guard let keyID = KeyID(identity.publicKey.hex) else {
            preconditionFailure("32 bytes are 64 digits")
        }
        let unchanged = state.reportedAttributes == attributes
        let checkIn = CheckIn(
            device: configuration.device, hardware: configuration.hardware, sequence: sequence,
            boot: bootReport, phase: report, attributes: unchanged ? nil : attributes,
            enrolment: isEnrolled
                ? nil
                : Enrolment(
                    publicKey: identity.publicKey, token: configuration.enrolmentToken),
            wipe: state.wipe?.report)
        do {
            return try SignedMessage(signing: checkIn, keyID: keyID) {
                payload throws(IdentityError) in try identity.sign(payload)
            }
        } catch { throw .identity(error) }
    }

    private var bootReport: BootReport {
        BootReport(
            slot: boot.booted, bootID: boot.bootID, release: content?.release,
            sha256: content?.sha256, isConfirmed: boot.confirmed == boot.booted)
    }

    private func exchange(_ message: SignedMessage<CheckIn>) -> SignedMessage<Directive>? {
        let answer: [UInt8]
        do { answer = try ports.transport.checkIn(message.bytes) } catch {
            heard(error)
            ports.observer.observe(.checkInFailed(reason(error)))
            return nil
        }
        do {
            return try SignedMessage(
                parsing: answer, limitBytes: configuration.limits.messageBytes)
        } catch {
            ports.observer.observe(.checkInFailed("\(error)"))
            return nil
        }
    }

    /// Why there is no answer, in one sentence; what a server that was reached has against this
    /// device is kept until it takes a check-in.
    private func reason(_ error: TransportError) -> String {
        guard error.isPermanent,
            case .refused(let status, let body) = error
        else { return "\(error)" }
        let answer = try? ErrorAnswer(parsing: Array(body.utf8), limitBytes: 65_536)
        let reason = "the server refuses this device (\(status)): \(answer?.error ?? body)"
        refusal = reason
        return reason
    }

    /// The answer, once the offer key is known to have signed it for this very check-in.
    private func trusted(
        _ answer: SignedMessage<Directive>, sequence: Int64
    ) throws(AgentError) -> Directive? {
        var isSigned = try isSignedByOfferKey(answer, under: storedRoot())
        if !isSigned {
            // The offer key may have been rotated since: look for a newer root, once.
            try lookForNewRoot()
            isSigned = try isSignedByOfferKey(answer, under: storedRoot())
        }
        let directive = answer.unverified
        guard isSigned, directive.device == configuration.device, directive.answers == sequence
        else {
            ports.observer.observe(
                .untrusted(
                    "the answer to check-in \(sequence) is not signed by the offer key for this"
                        + " device and check-in; it may be forged or replayed"))
            return nil
        }
        return directive
    }

    private func isSignedByOfferKey(
        _ answer: SignedMessage<Directive>, under root: Root
    ) -> Bool {
        guard let offer = root.offer else { return false }
        let verified = try? offer.verify(
            answer.payload, signatures: answer.signatures, by: cryptography.checker)
        return verified != nil
    }
}

extension AgentState {
    /// Whether the device has left the fleet, and is to erase itself.
    ///
    /// A report that the server has taken is no longer demanded, and then no longer told.
    fileprivate mutating func note(_ order: Directive.Order?) {
        switch order {
        case .retire(true):
            isRetired = true
            wipe = wipe ?? .demanded
        case .retire(false):
            isRetired = true
            wipe = nil
        case .offer, .cancel, nil:
            isRetired = false
            wipe = nil
        }
    }
}

extension Directive {
    /// Until the device is to come back.
    var pause: Duration { .seconds(max(checkInAfterSeconds, 1)) }
}
