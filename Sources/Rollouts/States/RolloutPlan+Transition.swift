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
            return opening(wave: 0, at: now, started: now)

        case (.running(let wave, let since, let started), .tick(let now, let known)):
            guard !isOver(at: now, started: started) else { return Self.aborted(.expired) }
            var trace = GateTrace.off
            let verdict = verdict(
                wave: wave, since: since, now: now, evidence: known, trace: &trace)
            return following(verdict, from: state, wave: wave, at: now, started: started)
        case (.running(let wave, _, let started), .pause):
            return Transition(
                state: .paused(wave: wave, .operatorRequest, started: started),
                effects: [.stopOffering])

        case (.paused(let wave, let reason, let started), .resume(let now)):
            guard !isOver(at: now, started: started) else { return Self.aborted(.expired) }
            let resumed = opening(wave: wave, at: now, started: started)
            // Without forgiveness the same failures would stop the rollout again at once.
            return Transition(
                state: resumed.state,
                effects: (reason.isHarm ? [.forgiveNoted] : []) + resumed.effects)
        case (.paused(_, _, let started), .tick(let now, _)):
            guard !isOver(at: now, started: started) else { return Self.aborted(.expired) }
            return Transition(state: state, effects: [])

        // Nobody is let in without a gate: the wave soaks anew, and what was complete is open again.
        case (.running(let wave, _, let started), .letIn(let now)):
            return opening(wave: wave, at: now, started: started)
        case (.completed, .letIn(let now)):
            return opening(wave: waves.count - 1, at: now, started: now)
        case (.paused, .letIn): return Transition(state: state, effects: [])

        // A completed rollout still offers to devices that come late, so it can be stopped too.
        case (.draft, .abort(let reason)), (.running, .abort(let reason)),
            (.paused, .abort(let reason)), (.completed, .abort(let reason)),
            (.reverting, .abort(let reason)):
            return Self.aborted(reason)

        // What was stopped may still be on devices, which may still have to go back.
        case (.running, .revert(let other)), (.paused, .revert(let other)),
            (.completed, .revert(let other)), (.reverting, .revert(let other)),
            (.aborted, .revert(let other)):
            return Transition(state: .reverting(by: other), effects: [.withdraw])
        case (.reverting(let other), .reverted): return Self.aborted(.reverted(by: other))

        // A tick that was already on its way when the rollout ended is not an error.
        case (.completed, .tick), (.reverting, .tick), (.aborted, .tick):
            return Transition(state: state, effects: [])

        case (.draft, .tick), (.draft, .pause), (.draft, .resume), (.draft, .revert),
            (.draft, .reverted), (.draft, .letIn),
            (.running, .start), (.running, .resume), (.running, .reverted),
            (.paused, .start), (.paused, .pause), (.paused, .reverted),
            (.completed, .start), (.completed, .pause), (.completed, .resume),
            (.completed, .reverted),
            (.reverting, .start), (.reverting, .pause), (.reverting, .resume),
            (.reverting, .letIn),
            (.aborted, .start), (.aborted, .pause), (.aborted, .resume), (.aborted, .abort),
            (.aborted, .reverted), (.aborted, .letIn):
            throw IllegalTransition(state: state, event: event)
        }
    }

    /// What the gate of the open wave says; `nil` unless the rollout is running.
    ///
    /// It is what a tick with the same arguments obeys, unless the rollout's lifetime is over.
    public func verdict(
        in state: RolloutState, evidence: WaveEvidence, at now: Instant
    ) -> GateVerdict? {
        var trace = GateTrace.off
        return verdict(in: state, evidence: evidence, at: now, trace: &trace)
    }

    /// The same, and what each rule says.
    public func verdict(
        in state: RolloutState, evidence: WaveEvidence, at now: Instant, trace: inout GateTrace
    ) -> GateVerdict? {
        switch state {
        case .running(let wave, let since, _):
            verdict(wave: wave, since: since, now: now, evidence: evidence, trace: &trace)
        case .draft, .paused, .completed, .reverting, .aborted: nil
        }
    }

    private func verdict(
        wave: Int, since: Instant, now: Instant, evidence: WaveEvidence, trace: inout GateTrace
    ) -> GateVerdict {
        precondition(waves.indices.contains(wave), "the open wave is one of the plan's")
        let verdict = spec.gate.verdict(
            evidence, now: now, waveOpened: since, soak: waves[wave].spec.soak,
            reached: max(0, waves[wave].deviceCount - evidence.left), trace: &trace)
        // Asked last: whoever approves has seen a wave that would pass.
        guard case .promote = verdict, waves[wave].spec.needsApproval else { return verdict }
        guard evidence.isApproved else { return trace.refused(.approval, .hold(.notApproved)) }
        trace.passed(.approval, "somebody other than the author has approved")
        return verdict
    }

    private func following(
        _ verdict: GateVerdict, from state: RolloutState, wave: Int, at now: Instant,
        started: Instant
    ) -> Transition {
        switch verdict {
        case .stop(let failures, let decided):
            return stopped(
                .failureLimit(failures: failures, decided: decided), wave: wave, started: started)
        case .stopClass(let kind, let failures, let decided):
            return stopped(
                .classLimit(kind, failures: failures, decided: decided), wave: wave,
                started: started)
        case .stopOutside(let name, let detail):
            return stopped(
                .outsideCheck(name: name, detail: detail), wave: wave, started: started)
        case .hold: return Transition(state: state, effects: [])
        case .promote where wave + 1 < waves.count:
            return opening(wave: wave + 1, at: now, started: started)
        case .promote: return Transition(state: .completed(at: now), effects: [])
        }
    }

    private func stopped(
        _ reason: RolloutState.PauseReason, wave: Int, started: Instant
    ) -> Transition {
        let effects: [RolloutEffect] =
            switch spec.failureAction {
            case .pause: [.stopOffering, .noteEvidence]
            case .revert: [.stopOffering, .noteEvidence, .beginRevert]
            }
        return Transition(
            state: .paused(wave: wave, reason, started: started), effects: effects)
    }

    private func opening(wave: Int, at now: Instant, started: Instant) -> Transition {
        Transition(
            state: .running(wave: wave, since: now, started: started),
            effects: [.offer(upTo: wave)])
    }

    private static func aborted(_ reason: RolloutState.AbortReason) -> Transition {
        Transition(state: .aborted(reason), effects: [.withdraw])
    }

    private func isOver(at now: Instant, started: Instant) -> Bool {
        now.elapsed(since: started) >= spec.lifetime
    }
}
