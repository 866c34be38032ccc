public import Model
internal import Trust
internal import Wire

/// What somebody at the device may ask for, between two steps.
///
/// None of it weakens trust: a bundle is held to the same signed metadata as the server's offers,
/// and a confirmed image is left only for a signed release.
extension UpdateAgent {
    /// The longest path of a bundle, in bytes; the stored state could not be read with a longer one.
    public static let maximumBundlePathBytes = 1024

    /// How a carried update's offer is called where a rollout's name is asked for.
    private static let carriedRollout = "offline"

    /// A person has decided when it happens, and a device's clock may be years behind.
    private static let never = Instant(secondsSinceEpoch: 253_402_300_799)

    /// Takes the update in the bundle at `path`; ``advance()`` then carries it out.
    ///
    /// What has ended needs no acknowledgement first, so that a device that never has a network can
    /// be updated again; only the proof of an update that the server has offered is reported before.
    ///
    /// - Parameter path: Absolute; the file stays in reach until the new image is in its slot.
    /// - Throws: ``CommandRefusal``; nothing has changed then.
    public func install(bundle path: String) throws(CommandRefusal) {
        guard path.hasPrefix("/"), path.utf8.count <= Self.maximumBundlePathBytes else {
            throw .badPath
        }
        if let job = state.phase.jobBeforeNextBundle {
            throw .underWay(job.release, phase: state.phase.word)
        }
        let update: any CarriedUpdate
        do { update = try ports.bundles.open(path) } catch { throw .unreadable(error) }
        do throws(AgentError) {
            let offer = try ownOffer(release: update.release, image: update.image)
            let spare: SlotName
            do { spare = try ports.slots.spare(besides: boot.booted) } catch {
                throw AgentError.device(error)
            }
            // What a failure has left armed must not boot a slot that is being written.
            try disarm()
            try take(.carried(offer, bundle: path, spare: spare))
        } catch { throw .agent(error) }
    }

    /// The device's own order for what was carried to it.
    ///
    /// It permits nothing: what the bundle's signed metadata does not say as well is refused.
    private func ownOffer(
        release: ReleaseID, image: ImageReference
    ) throws(AgentError) -> SignedMessage<Offer> {
        let sequence = try nextSequence()
        let identity = ports.identity
        guard let nonce = Nonce("local-\(sequence)"),
            let rollout = RolloutName(Self.carriedRollout),
            let keyID = KeyID(identity.publicKey.hex)
        else { preconditionFailure("a number and 64 digits are names") }
        let offer = Offer(
            device: configuration.device, nonce: nonce, rollout: rollout, wave: 0,
            release: release, image: image, expires: Self.never)
        do {
            return try SignedMessage(signing: offer, keyID: keyID) {
                payload throws(IdentityError) in try identity.sign(payload)
            }
        } catch { throw .identity(error) }
    }

    /// Gives up the update that is under way; a machine on trial goes back to the image before.
    ///
    /// - Throws: ``CommandRefusal``, for one when what runs is confirmed already.
    public func rollBack() throws(CommandRefusal) {
        do {
            switch state.phase {
            case .idle, .proven, .confirming: throw CommandRefusal.confirmed(slot: boot.booted)
            case .failed(let job, _), .rollingBack(let job, _):
                throw CommandRefusal.alreadyBack(job.release)
            case .offered, .downloading, .verifying, .installed, .trial(_, .armed),
                .trial(_, .cutOff):
                // Before the decision is stored: after it, a power cut would boot the new image.
                try disarm()
                try take(.gaveUp(Failure(.install, "dropped by hand before the trial")))
            case .trial(_, .begun), .trial(_, .passed):
                try giveUpTrial(Failure(.health, "rolled back by hand"))
            }
        } catch { throw .wrapping(error) }
    }

    /// Puts off the restart into a new image until `moment`, which may be past: then it is put off
    /// no longer.
    ///
    /// - Returns: The moment that counts: no later than the current rollout allows.
    /// - Throws: ``CommandRefusal`` when nothing can be put off any more.
    public func deferRestart(until moment: Instant) throws(CommandRefusal) -> Instant {
        let until = min(moment, try latestRestart ?? moment)
        do { try change { $0.deferredUntil = until > self.now ? until : nil } } catch {
            throw .agent(error)
        }
        return until
    }

    /// Up to when the current offer lets the restart be put off; `nil` where it does not say.
    private var latestRestart: Instant? {
        get throws(CommandRefusal) {
            switch state.phase {
            case .idle, .proven, .failed: return nil
            case .offered(let job), .downloading(let job, _), .verifying(let job),
                .installed(let job):
                guard !job.isCarried else {
                    throw .cannotWait(job.release, phase: "it was carried to the device")
                }
                guard let end = job.offer.unverified.deferUntil else { return nil }
                guard now < end else { throw .deferralEnded(end) }
                return end
            case .trial(let job, _), .confirming(let job), .rollingBack(let job, _):
                throw .cannotWait(job.release, phase: state.phase.word)
            }
        }
    }
}

extension CommandRefusal {
    fileprivate static func wrapping(_ error: any Error) -> CommandRefusal {
        switch error {
        case let error as CommandRefusal: error
        case let error as AgentError: .agent(error)
        default: preconditionFailure("not an error of a command: \(error)")
        }
    }
}
