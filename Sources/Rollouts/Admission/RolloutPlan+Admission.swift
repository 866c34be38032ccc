internal import Model

extension RolloutPlan {
    /// Decides whether `device` is offered the release now.
    ///
    /// The rules are asked in the order of ``AdmissionRefusal``, and the first that refuses decides.
    /// A completed rollout goes on offering to every device that its waves reach.
    ///
    /// - Parameters:
    ///   - image: The release's image for the device's hardware, if there is one.
    ///   - attempt: What the device has made of this rollout; `nil` when it was not offered.
    ///   - context: What the selector may ask for besides `device`, and the moment.
    ///   - paused: Whose devices are offered nothing any more.
    ///   - counts: Asked only when everything but the limits lets the device pass.
    public func admission(
        of device: DeviceFacts, bucket: Bucket, state: RolloutState, image: PlannedImage?,
        attempt: Attempt?, paused: Set<Stratum>, in context: SelectorContext,
        zones: any TimeZones, counts: () throws -> LimitCounts
    ) rethrows -> AdmissionDecision {
        let decision = candidacy(
            of: device, bucket: bucket, state: state, image: image, attempt: attempt,
            paused: paused, in: context)
        guard case .offer(_, let image) = decision, let openWave = openWave(in: state) else {
            return decision
        }
        let now = context.now
        if let refusal = spec.limits.window?.refusal(at: now, for: device.attributes, zones: zones)
        {
            return .no(.limited(refusal))
        }
        let counts = try counts()
        guard counts.openLeases < spec.limits.concurrent else {
            return .no(.capReached(limit: spec.limits.concurrent))
        }
        let refusal =
            waves[openWave].spec.rate?.refusal(
                confirmed: counts.confirmed, recent: counts.recentLeases, at: now)
            ?? spec.limits.egress?.refusal(
                length: image.length, recent: counts.recentBytes, at: now)
            ?? refusal(of: device, beside: counts)
        return refusal.map { .no(.limited($0)) } ?? decision
    }

    /// What those that share a value with the device forbid.
    private func refusal(
        of device: DeviceFacts, beside counts: LimitCounts
    ) -> LimitRefusal? {
        for limit in spec.limits.shares {
            let refusal = limit.refusal(
                value: device.attributes[limit.attribute],
                members: counts.members[limit.attribute, default: 0],
                openLeases: counts.openWithValue[limit.attribute, default: 0])
            if let refusal { return refusal }
        }
        for limit in spec.limits.apart {
            let refusal = limit.refusal(
                value: device.attributes[limit.attribute],
                holder: counts.holders[limit.attribute])
            if let refusal { return refusal }
        }
        return nil
    }

    /// Whether `device` would be offered the release if there were no limits.
    ///
    /// Such a device is undecided: a wave does not pass because nobody let it try.
    public func candidacy(
        of device: DeviceFacts, bucket: Bucket, state: RolloutState, image: PlannedImage?,
        attempt: Attempt?, paused: Set<Stratum>, in context: SelectorContext
    ) -> AdmissionDecision {
        guard let openWave = openWave(in: state) else { return .no(.notRunning(state)) }
        if let refusal = attempt.map(refusal) { return .no(refusal) }
        if let reason = spec.ineligibility(of: device, image: image, in: context) {
            return .no(.ineligible(reason))
        }
        guard let image, hardware.contains(device.hardware) else {
            return .no(.ineligible(.wrongHardware(device.hardware)))
        }
        if let stratum = paused.first(where: { $0.holds(device) }) {
            return .no(.stratumPaused(stratum))
        }
        guard let wave = wave(of: device, bucket: bucket, in: context) else {
            return .no(.inNoWave)
        }
        guard wave <= openWave else { return .no(.waveNotOpen(opens: wave)) }
        return .offer(wave: wave, image)
    }

    /// The last wave whose devices are offered the release; `nil` when none are.
    public func openWave(in state: RolloutState) -> Int? {
        switch state {
        case .running(let wave, _, _, _): wave
        case .completed: waves.count - 1
        case .draft, .paused, .aborted: nil
        }
    }

    private func refusal(after attempt: Attempt) -> AdmissionRefusal {
        switch attempt {
        case .underWay: .holdsLease
        case .proven: .attemptProven
        case .failed(let kind): .attemptFailed(kind)
        }
    }
}
