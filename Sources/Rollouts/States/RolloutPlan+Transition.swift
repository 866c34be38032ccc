public import Model

extension RolloutPlan {
    /// Decides what `event` does to a rollout that is in `state`.
    ///
    /// This function reads no clock, store or network and has no memory: the same arguments
    /// always give the same answer. Every pair of state and event is listed, so adding a case to
    /// either enum stops compilation here until someone decides what it means. A rollout whose
    /// lifetime is over is aborted by the next tick or resumption, before anything else is asked.
    ///
    /// - Throws: ``IllegalTransition`` when the pair makes no sense.
    public func transition(
        from state: RolloutState, on event: RolloutEvent
    ) throws(IllegalTransition) -> Transition {
        switch (state, event) {
        case (.draft, .start(let now)):
            return opening(wave: 0, at: now, started: now, forgiven: .nothing)

        case (.running(let wave, let since, let started, let forgiven), .tick(let now, let known)):
            guard !isOver(at: now, started: started) else { return Self.aborted(.expired) }
            let verdict = verdict(
                wave: wave, since: since, now: now, evidence: known.since(forgiven))
            return following(
                verdict, from: state, wave: wave, at: now, started: started, forgiven: forgiven)
        case (.running(let wave, _, let started, let forgiven), .pause):
            let paused = RolloutState.paused(
                wave: wave, .operatorRequest, started: started, forgiven: forgiven)
            return Transition(state: paused, effects: [.stopOffering])

        case (.paused(let wave, let reason, let started, let forgiven), .resume(let now)):
            guard !isOver(at: now, started: started) else { return Self.aborted(.expired) }
            return opening(
                wave: wave, at: now, started: started, forgiven: forgiven.adding(reason))
        case (.paused(_, _, let started, _), .tick(let now, _)):
            guard !isOver(at: now, started: started) else { return Self.aborted(.expired) }
            return Transition(state: state, effects: [])

        // A completed rollout still offers to devices that come late, so it can be stopped too.
        case (.draft, .abort(let reason)), (.running, .abort(let reason)),
            (.paused, .abort(let reason)), (.completed, .abort(let reason)):
            return Self.aborted(reason)

        // A tick that was already on its way when the rollout ended is not an error.
        case (.completed, .tick), (.aborted, .tick):
            return Transition(state: state, effects: [])

        case (.draft, .tick), (.draft, .pause), (.draft, .resume),
            (.running, .start), (.running, .resume),
            (.paused, .start), (.paused, .pause),
            (.completed, .start), (.completed, .pause), (.completed, .resume),
            (.aborted, .start), (.aborted, .pause), (.aborted, .resume), (.aborted, .abort):
            throw IllegalTransition(state: state, event: event)
        }
    }

    /// What the gate of the open wave says; `nil` unless the rollout is running.
    ///
    /// It is what a tick with the same arguments obeys, unless the rollout's lifetime is over.
    public func verdict(
        in state: RolloutState, evidence: WaveEvidence, at now: Instant
    ) -> GateVerdict? {
        switch state {
        case .running(let wave, let since, _, let forgiven):
            verdict(wave: wave, since: since, now: now, evidence: evidence.since(forgiven))
        case .draft, .paused, .completed, .aborted: nil
        }
    }

    private func verdict(
        wave: Int, since: Instant, now: Instant, evidence: WaveEvidence
    ) -> GateVerdict {
        precondition(waves.indices.contains(wave), "the open wave is one of the plan's")
        let verdict = spec.gate.verdict(
            evidence, now: now, waveOpened: since, soak: waves[wave].spec.soak)
        // Asked last: whoever approves has seen a wave that would pass.
        guard case .promote = verdict, waves[wave].spec.needsApproval, !evidence.isApproved else {
            return verdict
        }
        return .hold(.notApproved)
    }

    private func following(
        _ verdict: GateVerdict, from state: RolloutState, wave: Int, at now: Instant,
        started: Instant, forgiven: RolloutState.Forgiven
    ) -> Transition {
        switch verdict {
        case .stop(let failures, let decided):
            let reason = RolloutState.PauseReason.failureLimit(failures: failures, decided: decided)
            let paused = RolloutState.paused(
                wave: wave, reason, started: started, forgiven: forgiven)
            return Transition(state: paused, effects: [.stopOffering])
        case .stopOutside(let name, let detail):
            let paused = RolloutState.paused(
                wave: wave, .outsideCheck(name: name, detail: detail), started: started,
                forgiven: forgiven)
            return Transition(state: paused, effects: [.stopOffering])
        case .hold: return Transition(state: state, effects: [])
        case .promote where wave + 1 < waves.count:
            return opening(wave: wave + 1, at: now, started: started, forgiven: forgiven)
        case .promote: return Transition(state: .completed(at: now), effects: [])
        }
    }

    private func opening(
        wave: Int, at now: Instant, started: Instant, forgiven: RolloutState.Forgiven
    ) -> Transition {
        Transition(
            state: .running(wave: wave, since: now, started: started, forgiven: forgiven),
            effects: [.offer(upTo: wave)])
    }

    private static func aborted(_ reason: RolloutState.AbortReason) -> Transition {
        Transition(state: .aborted(reason), effects: [.withdraw])
    }

    private func isOver(at now: Instant, started: Instant) -> Bool {
        now.elapsed(since: started) >= spec.lifetime
    }
}

extension RolloutState.Forgiven {
    /// What is forgiven once a pause for `reason` ends.
    ///
    /// Only the counts that caused the pause: a failure that was reported later is still news.
    fileprivate func adding(_ reason: RolloutState.PauseReason) -> Self {
        switch reason {
        case .operatorRequest, .outsideCheck: self
        case .failureLimit(let failures, let decided):
            Self(proven: proven + (decided - failures), failed: failed + failures)
        }
    }
}

extension WaveEvidence {
    /// The evidence without what was forgiven; what a wave has proven stays proven.
    fileprivate func since(_ forgiven: RolloutState.Forgiven) -> WaveEvidence {
        WaveEvidence(
            proven: max(0, proven - forgiven.proven), failed: max(0, failed - forgiven.failed),
            provenInWave: provenInWave, undecided: undecided, isApproved: isApproved,
            outside: outside)
    }
}
