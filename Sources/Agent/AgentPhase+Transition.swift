public import Model
public import Wire

/// Something that happened to the device.
public enum AgentEvent: Hashable, Sendable {
    /// The agent started, and this is what the bootloader says.
    case started(BootStatus)
    /// The server answered a check-in; the answer was checked.
    case answered(Directive, spare: SlotName)
    /// A check-in was not answered.
    case unanswered
    /// Metadata and offer agree: the image, of which the metadata says this, may be installed.
    case authorized(counter: Int64, Payload)
    /// Somebody at the device wants the update in a bundle, by an order that the device has signed.
    case carried(SignedMessage<Offer>, bundle: String, spare: SlotName)
    /// This much of the image is durable.
    case downloaded(durableBytes: Int64)
    /// The image is complete and authentic, and made the slot's content, which reads as this.
    case downloadComplete(Payload)
    /// What was fetched in several pieces is not the image: once more, in one piece.
    case downloadMustRestart
    /// The slot reads back as the image.
    case readBack
    /// Nobody at the device objects to the restart; the new image gets so many seconds.
    case consented(trialSeconds: Int64)
    case healthy
    /// The bootloader has forgotten the trial that was cut off.
    case trialCleared
    /// The bootloader's file says that the new slot boots from now on.
    case confirmed
    /// The offer cannot be carried out, and trying again would not help.
    case gaveUp(Failure)
}

extension AgentPhase {
    /// How often a trial that was cut off before its verdict is tried again.
    ///
    /// A power cut must not count against a good image; an image that takes the machine down must
    /// not be tried for ever.
    public static let maximumCutTrials = 3

    /// Decides what `event` makes of this phase.
    ///
    /// Reads no clock, file or network: the same arguments always give the same answer. Every
    /// pair of phase and event is listed in one of the functions that this one calls.
    public func after(_ event: AgentEvent) -> AgentPhase {
        switch event {
        case .started(let boot): afterStart(boot)
        case .answered(let directive, let spare): afterAnswer(directive, spare: spare)
        // Reporting never decides.
        case .unanswered: self
        case .gaveUp(let failure): afterGivingUp(failure)
        case .carried(let offer, let bundle, let spare):
            jobBeforeNextBundle == nil
                ? .offered(Job(offer: offer, slot: spare, bundle: bundle)) : self
        case .authorized, .downloaded, .downloadComplete, .downloadMustRestart,
            .readBack, .consented, .healthy, .trialCleared, .confirmed:
            afterProgress(event)
        }
    }

    /// The bootloader's word counts; the phase only tells what it means.
    private func afterStart(_ boot: BootStatus) -> AgentPhase {
        switch self {
        case .idle, .failed:
            return self
        case .offered(let job), .downloading(let job, _), .verifying(let job),
            .installed(let job):
            // Somebody else changed what boots: the slot is no longer the agent's to write.
            return boot.needs(job.slot) ? .failed(job, boot.occupied(job.slot)) : self
        case .trial(let job, let stage):
            return trialAfterStart(job, stage, boot)
        case .confirming(let job):
            // A confirm that did not become durable: the machine is back on the image before.
            guard boot.booted == job.slot else {
                return cut(job, "the machine went down before the new image was confirmed")
            }
            return self
        case .proven(let job):
            guard boot.booted == job.slot else {
                return .failed(job, Failure(.boot, "the machine left the image that was proven"))
            }
            return self
        case .rollingBack(let job, let failure):
            return boot.booted == job.slot && boot.confirmed != job.slot
                ? self : .failed(job, failure)
        }
    }

    private func trialAfterStart(
        _ job: Job, _ stage: TrialStage, _ boot: BootStatus
    ) -> AgentPhase {
        // Even where somebody else has confirmed it: nothing is proven before it is healthy.
        guard boot.booted != job.slot else { return .trial(job, .begun) }
        switch stage {
        case .armed where boot.trial == .spent(job.slot):
            return .failed(
                job, Failure(.boot, "the new image did not come up; the bootloader went back"))
        case .armed where boot.trial == .untold(job.slot):
            return cut(job, "the new image did not come up, or the machine went down before")
        case .armed, .cutOff:
            // Cut off before the trial boot: what was being done is done again.
            return self
        case .begun, .passed:
            return cut(job, "the machine went down before the new image could say how it was")
        }
    }

    private func cut(_ job: Job, _ reason: String) -> AgentPhase {
        var job = job
        job.cutTrials += 1
        guard job.cutTrials < Self.maximumCutTrials else {
            return .failed(job, Failure(.boot, "\(reason), \(job.cutTrials) times"))
        }
        return .trial(job, .cutOff)
    }

    private func afterAnswer(_ directive: Directive, spare: SlotName) -> AgentPhase {
        afterAcknowledgement().following(directive.order, spare: spare)
    }

    private func following(_ order: Directive.Order?, spare: SlotName) -> AgentPhase {
        switch (self, order) {
        case (_, .none): return self
        case (.idle, .offer(let offer)): return .offered(Job(offer: offer, slot: spare))
        case (.idle, .cancel), (.idle, .retire): return .idle
        case (.offered(let job), .offer(let offer)),
            (.downloading(let job, _), .offer(let offer)),
            (.verifying(let job), .offer(let offer)),
            (.installed(let job), .offer(let offer)):
            return taking(offer, instead: job, spare: spare)
        case (.offered(let job), .cancel(let nonce)),
            (.downloading(let job, _), .cancel(let nonce)),
            (.verifying(let job), .cancel(let nonce)), (.installed(let job), .cancel(let nonce)):
            return job.nonce == nonce && !job.isCarried ? .idle : self
        case (.offered, .retire), (.downloading, .retire), (.verifying, .retire),
            (.installed, .retire):
            return .idle
        // Once the trial has begun, only the new image itself decides whether it stays.
        case (.trial, .some), (.confirming, .some), (.rollingBack, .some):
            return self
        // An answer acknowledges a proof or a failure, so it has become idle before this.
        case (.proven, .some), (.failed, .some):
            return self
        }
    }

    /// Any checked answer to a check-in means that what it said has been stored.
    private func afterAcknowledgement() -> AgentPhase {
        switch self {
        case .proven, .failed: .idle
        case .trial(let job, .passed): .confirming(job)
        case .idle, .offered, .downloading, .verifying, .installed, .trial, .confirming,
            .rollingBack:
            self
        }
    }

    /// The same offer again is a longer lease; another one takes the place of the old.
    private func taking(
        _ offer: SignedMessage<Offer>, instead job: Job, spare: SlotName
    ) -> AgentPhase {
        // What somebody carried to the device is finished before the server's own wish.
        guard !job.isCarried else { return self }
        let new = offer.unverified
        let old = job.offer.unverified
        // What was compared with the signed metadata must stay as it was.
        guard new.nonce == old.nonce, new.device == old.device, new.release == old.release,
            new.image == old.image
        else { return .offered(Job(offer: offer, slot: spare)) }
        var job = job
        job.offer = offer
        switch self {
        case .downloading(_, let durableBytes):
            return .downloading(job, durableBytes: durableBytes)
        case .verifying: return .verifying(job)
        case .installed: return .installed(job)
        case .idle, .offered, .trial, .confirming, .proven, .rollingBack, .failed:
            return .offered(job)
        }
    }

    private func afterGivingUp(_ failure: Failure) -> AgentPhase {
        switch self {
        case .idle, .proven, .failed, .rollingBack: self
        case .offered(let job), .downloading(let job, _), .verifying(let job),
            .installed(let job), .trial(let job, .armed), .trial(let job, .cutOff):
            .failed(job, failure)
        case .trial(let job, .begun), .trial(let job, .passed), .confirming(let job):
            .rollingBack(job, failure)
        }
    }

    /// Progress that does not belong to the phase came too late and changes nothing.
    private func afterProgress(_ event: AgentEvent) -> AgentPhase {
        switch self {
        case .offered(let job):
            offered(job, after: event)
        case .downloading(let job, _):
            downloading(job, after: event)
        case .verifying(let job):
            event == .readBack ? .installed(job) : self
        case .installed(let job):
            installed(job, after: event)
        case .trial(let job, .begun):
            // A device that an update is carried to may have no network to ask for.
            event == .healthy ? job.isCarried ? .confirming(job) : .trial(job, .passed) : self
        case .trial(let job, .cutOff):
            event == .trialCleared ? .trial(job, .armed) : self
        case .confirming(let job):
            event == .confirmed ? .proven(job) : self
        case .idle, .trial(_, .armed), .trial(_, .passed), .proven, .rollingBack,
            .failed:
            self
        }
    }

    private func offered(_ job: Job, after event: AgentEvent) -> AgentPhase {
        guard case .authorized(let counter, let payload) = event else { return self }
        var job = job
        job.counter = counter
        job.payload = payload
        return .downloading(job, durableBytes: 0)
    }

    private func downloading(_ job: Job, after event: AgentEvent) -> AgentPhase {
        switch event {
        case .downloaded(let durableBytes): .downloading(job, durableBytes: durableBytes)
        case .downloadComplete(let payload): .verifying(job.reading(as: payload))
        case .downloadMustRestart: .downloading(job, durableBytes: 0)
        case .started, .answered, .unanswered, .authorized, .carried, .readBack, .consented,
            .healthy, .trialCleared, .confirmed, .gaveUp:
            self
        }
    }

    private func installed(_ job: Job, after event: AgentEvent) -> AgentPhase {
        guard case .consented(let trialSeconds) = event else { return self }
        var job = job
        job.trialSeconds = trialSeconds
        return .trial(job, .armed)
    }
}

extension AgentPhase.Job {
    fileprivate func reading(as payload: Payload) -> Self {
        var job = self
        job.payload = payload
        return job
    }
}

extension BootStatus {
    /// Why nothing may be written to `slot`, which this machine needs.
    func occupied(_ slot: SlotName) -> Failure {
        Failure(
            .install,
            "slot \(slot) is not spare: slot \(booted) runs, and slot \(confirmed) is confirmed")
    }
}
