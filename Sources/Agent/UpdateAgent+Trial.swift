internal import Model
internal import Trust
internal import Wire

/// From the image on the medium to the verdict about it.
extension UpdateAgent {
    func readBackStep(_ job: AgentPhase.Job) throws(AgentError) -> Pause {
        do throws(SlotError) {
            guard try ports.slots.holds(job.payload, in: job.slot, cryptography.hashing) else {
                throw .malformed(
                    path: "slot \(job.slot)", problem: "it does not read back as written")
            }
            try ports.slots.setContent(
                SlotContent(
                    release: job.release, sha256: job.image.sha256, payload: job.payload),
                of: job.slot)
        } catch {
            try take(.gaveUp(Failure(.install, "\(error)")))
            return .goOn
        }
        // It may have been withdrawn while it was fetched.
        return try act(on: job) { _ throws(AgentError) in try self.take(.readBack) }
    }

    /// Begins the trial, unless somebody at the device puts it off.
    func beginTrialStep(_ job: AgentPhase.Job) throws(AgentError) -> Pause {
        if let reason = objection(to: job) { return try putOff(job, for: reason) }
        if let pause = try hookStep(.preReboot, job) { return pause }
        // Reporting never decides: an image that is ready is tried although nobody could be told.
        // Of what was carried here, nobody has to be.
        if !job.isCarried { _ = try checkIn(.installed(job.nonce)) }
        guard case .installed(let current) = state.phase, current.nonce == job.nonce else {
            return .goOn
        }
        try take(.consented(trialSeconds: max(1, configuration.trialDeadline.components.seconds)))
        return .goOn
    }

    /// Puts the update off, for a reason that somebody or something at the device has.
    ///
    /// The server is told why, so that the lease goes on, and can take the offer back.
    ///
    /// - Parameter longest: When to ask again at the latest.
    func putOff(
        _ job: AgentPhase.Job, for reason: String, atMost longest: Duration? = nil
    ) throws(AgentError) -> Pause {
        waitsFor = reason
        ports.observer.observe(.waiting(reason))
        guard !job.isCarried else { return backoff() }
        let answer = try checkIn(.waiting(job.nonce, reason: DetailText.of(reason)))
        guard state.phase.job?.nonce == job.nonce else { return .goOn }
        guard let comingBack = answer?.pause else { return backoff() }
        return .wait(max(.seconds(1), min(longest ?? comingBack, comingBack)))
    }

    /// Whether the rollout lets nobody at the device put the update off any more.
    private func isUrgent(_ job: AgentPhase.Job) -> Bool {
        job.offer.unverified.deferUntil.map { now >= $0 } ?? false
    }

    private func objection(to job: AgentPhase.Job) -> String? {
        // Whoever carried it here wants it now.
        if job.isCarried || isUrgent(job) { return nil }
        if let deferred = state.deferredUntil, now < deferred {
            return "somebody at the device has put off the restart until \(deferred)"
        }
        switch ports.consent.ask(for: job.release) {
        case .yes: return nil
        case .notNow(let reason): return reason
        }
    }

    func bootTrialStep(_ job: AgentPhase.Job) throws(AgentError) -> Pause {
        do { try ports.bootloader.arm(job.slot) } catch {
            try take(.gaveUp(Failure(.install, "the trial cannot be armed: \(error)")))
            return .goOn
        }
        return .reboot
    }

    func healthStep(_ job: AgentPhase.Job) throws(AgentError) -> Pause {
        guard content?.sha256 == job.image.sha256 else {
            try giveUpTrial(Failure(.install, "slot \(job.slot) does not hold the image"))
            return .goOn
        }
        let left = trialDeadline(of: job) - ports.clock.uptime
        guard left > .zero else {
            try giveUpTrial(Failure(.health, "the new image was not healthy in time"))
            return .goOn
        }
        switch ports.health.run(in: job.slot, within: left) {
        case .healthy: try take(.healthy)
        case .unhealthy(let reason): try giveUpTrial(Failure(.health, reason))
        }
        return .goOn
    }

    /// When the trial that runs has to be over, by the clock of ``AgentClock/uptime``; `nil` when
    /// none does.
    public var trialEnds: Duration? {
        switch state.phase {
        case .trial(let job, .begun), .trial(let job, .passed), .confirming(let job):
            trialDeadline(of: job)
        case .trial(_, .armed), .trial(_, .cutOff), .idle, .offered, .downloading, .verifying,
            .installed, .proven, .rollingBack, .failed:
            nil
        }
    }

    /// How long the new image may take: what the image before has said, which knew it to be good.
    func trialDeadline(of job: AgentPhase.Job) -> Duration {
        job.trialSeconds.map { .seconds($0) } ?? configuration.trialDeadline
    }

    /// Ends a trial from within the new image, with the end of its log: it is gone after the return.
    func giveUpTrial(_ failure: Failure) throws(AgentError) {
        try take(.gaveUp(failure.with(log: ports.log.lines(ofPreviousBoot: false))))
    }

    func reportFailureStep(
        _ job: AgentPhase.Job, _ failure: Failure
    ) throws(AgentError) -> Pause {
        try disarm()
        var failure = failure
        // An image that never came up could keep nothing; the machine may have.
        if failure.kind == .boot, failure.log == nil {
            failure = failure.with(log: ports.log.lines(ofPreviousBoot: true))
        }
        if toldHookOf != job.nonce {
            toldHookOf = job.nonce
            runLateHook(.failed, job, failure)
        }
        return try checkInStep(.failed(job.nonce, failure))
    }

    // MARK: Hooks

    /// Runs a hook that may object; `nil` when it does not.
    ///
    /// Unlike an application's, the objection of a hook is not overruled when the rollout waits no
    /// longer: it may know what would break, so the update fails.
    func hookStep(_ hook: Hook, _ job: AgentPhase.Job) throws(AgentError) -> Pause? {
        switch ports.hooks.run(hook, facts: facts(of: job, nil)) {
        case .done: return nil
        case .notNow(let reason) where isUrgent(job):
            let detail = "the hook \(hook.rawValue) says not now for too long: \(reason)"
            try take(.gaveUp(Failure(.install, detail)))
            return .goOn
        case .notNow(let reason):
            return try putOff(job, for: "the hook \(hook.rawValue): \(reason)")
        case .failed(let reason):
            try take(.gaveUp(Failure(.install, "the hook \(hook.rawValue) says no: \(reason)")))
            return .goOn
        }
    }

    /// Runs a hook that can change nothing any more.
    func runLateHook(_ hook: Hook, _ job: AgentPhase.Job, _ failure: Failure?) {
        switch ports.hooks.run(hook, facts: facts(of: job, failure)) {
        case .done: return
        case .notNow(let reason), .failed(let reason):
            ports.observer.observe(.trouble("the hook \(hook.rawValue) failed: \(reason)"))
        }
    }

    private func facts(of job: AgentPhase.Job, _ failure: Failure?) -> [String: String] {
        var facts = [
            "release": "\(job.release)", "slot": job.slot.text, "sha256": job.image.sha256.hex,
        ]
        if let failure { facts["failure"] = "\(failure)" }
        return facts
    }
}
