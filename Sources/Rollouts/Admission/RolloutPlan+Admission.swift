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
    ///   - trace: Where what each rule says is written down.
    ///   - counts: Asked only when everything but the limits lets the device pass.
    public func admission(
        of device: DeviceFacts, bucket: Bucket, state: RolloutState, image: PlannedImage?,
        attempt: Attempt?, paused: Set<Stratum>, in context: SelectorContext,
        zones: any TimeZones, trace: inout AdmissionTrace, counts: () throws -> LimitCounts
    ) rethrows -> AdmissionDecision {
        let decision = candidacy(
            of: device, bucket: bucket, state: state, image: image, attempt: attempt,
            paused: paused, in: context, trace: &trace)
        guard case .offer(_, let image) = decision, let openWave = openWave(in: state) else {
            return decision
        }
        let now = context.now
        if let window = spec.limits.window {
            if let refusal = window.refusal(at: now, for: device.attributes, zones: zones) {
                return trace.refused(.window, .limited(refusal))
            }
            trace.passed(.window, "open: \(window)")
        }
        return limited(
            device, openWave: openWave, length: image.length, beside: try counts(), at: now,
            trace: &trace) ?? decision
    }

    /// The refusal of the first limit that is reached.
    private func limited(
        _ device: DeviceFacts, openWave: Int, length: Int64, beside counts: LimitCounts,
        at now: Instant, trace: inout AdmissionTrace
    ) -> AdmissionDecision? {
        let concurrent = spec.limits.concurrent
        guard counts.openLeases < concurrent else {
            return trace.refused(.concurrent, .capReached(limit: concurrent))
        }
        trace.passed(.concurrent, "\(counts.openLeases) of \(concurrent) leases are held")
        if let rate = waves[openWave].spec.rate {
            if let refusal = rate.refusal(
                confirmed: counts.confirmed, recent: counts.recentLeases, at: now)
            {
                return trace.refused(.rate, .limited(refusal))
            }
            trace.passed(
                .rate,
                "\(counts.recentLeases?.total ?? 0) leases of "
                    + "\(rate.allowance(confirmed: counts.confirmed))")
        }
        if let egress = spec.limits.egress {
            if let refusal = egress.refusal(length: length, recent: counts.recentBytes, at: now) {
                return trace.refused(.egress, .limited(refusal))
            }
            trace.passed(
                .egress, "\(counts.recentBytes?.total ?? 0) bytes of \(egress) are offered")
        }
        return refusal(of: device, beside: counts, trace: &trace)
    }

    /// What those that share a value with the device forbid.
    private func refusal(
        of device: DeviceFacts, beside counts: LimitCounts, trace: inout AdmissionTrace
    ) -> AdmissionDecision? {
        for limit in spec.limits.shares {
            let members = counts.members[limit.attribute, default: 0]
            let open = counts.openWithValue[limit.attribute, default: 0]
            let refusal = limit.refusal(
                value: device.attributes[limit.attribute], members: members, openLeases: open)
            if let refusal { return trace.refused(.share, .limited(refusal)) }
            trace.passed(
                .share,
                "\(limit.attribute): \(open) of \(limit.places(members: members)) are updating")
        }
        for limit in spec.limits.apart {
            let refusal = limit.refusal(
                value: device.attributes[limit.attribute],
                holder: counts.holders[limit.attribute])
            if let refusal { return trace.refused(.neverTogether, .limited(refusal)) }
            trace.passed(.neverTogether, "nobody of the same \(limit.attribute) is updating")
        }
        return nil
    }

    /// Whether `device` would be offered the release if there were no limits.
    ///
    /// Such a device is undecided: a wave does not pass because nobody let it try.
    public func candidacy(
        of device: DeviceFacts, bucket: Bucket, state: RolloutState, image: PlannedImage?,
        attempt: Attempt?, paused: Set<Stratum>, in context: SelectorContext,
        trace: inout AdmissionTrace
    ) -> AdmissionDecision {
        guard let openWave = openWave(in: state) else {
            return trace.refused(.state, .notRunning(state))
        }
        trace.passed(.state, "\(state)")
        if let attempt, let refusal = refusal(after: attempt, at: context.now) {
            return trace.refused(.attempt, refusal)
        }
        trace.passed(.attempt, attempt == nil ? "not tried yet" : "to be tried again")
        if let reason = spec.ineligibility(of: device, image: image, in: context) {
            return trace.refused(.eligibility, .ineligible(reason))
        }
        guard let image, hardware.contains(device.hardware) else {
            return trace.refused(
                .eligibility, .ineligible(.wrongHardware(device.hardware)))
        }
        trace.passed(.eligibility, Self.eligibility(of: device, for: image, spec))
        guard let wave = wave(of: device, bucket: bucket, in: context) else {
            return trace.refused(.wave, .inNoWave)
        }
        guard wave <= openWave else {
            return trace.refused(.wave, .waveNotOpen(opens: wave))
        }
        trace.passed(
            .wave,
            "in wave \(wave + 1) (\(Quotation.of(waves[wave].spec.name))), and "
                + "\(openWave + 1) \(openWave == 0 ? "is" : "are") open")
        if let stratum = paused.first(where: { $0.holds(device) }) {
            return trace.refused(.stratum, .stratumPaused(stratum))
        }
        trace.passed(.stratum, paused.isEmpty ? "nothing is paused" : "none of the paused ones")
        return .offer(wave: wave, image)
    }

    private static func eligibility(
        of device: DeviceFacts, for image: PlannedImage, _ spec: RolloutSpec
    ) -> String {
        "\(Quotation.of(spec.selector.text)) picks it, hardware \(device.hardware) has an image, "
            + "it runs \(device.release.map { "\($0)" } ?? "an unknown release")"
    }

    /// The last wave whose devices are offered the release; `nil` when none are.
    public func openWave(in state: RolloutState) -> Int? {
        switch state {
        case .running(let wave, _, _): wave
        case .completed: waves.count - 1
        case .draft, .paused, .reverting, .aborted: nil
        }
    }

    /// `nil` for a device whose next try is due.
    private func refusal(after attempt: Attempt, at now: Instant) -> AdmissionRefusal? {
        switch attempt {
        case .underWay: return .holdsLease
        case .proven: return .attemptProven
        case .granted: return nil
        case .failed(let kind, let failed, let tries):
            guard let next = spec.retries.nextTry(after: kind, at: failed, tries: tries) else {
                return .attemptFailed(kind)
            }
            return next > now ? .retryNotDue(kind, until: next) : nil
        }
    }
}

/// The same for those who only want the answer.
extension RolloutPlan {
    public func admission(
        of device: DeviceFacts, bucket: Bucket, state: RolloutState, image: PlannedImage?,
        attempt: Attempt?, paused: Set<Stratum>, in context: SelectorContext,
        zones: any TimeZones, counts: () throws -> LimitCounts
    ) rethrows -> AdmissionDecision {
        var trace = AdmissionTrace.off
        return try admission(
            of: device, bucket: bucket, state: state, image: image, attempt: attempt,
            paused: paused, in: context, zones: zones, trace: &trace, counts: counts)
    }

    public func candidacy(
        of device: DeviceFacts, bucket: Bucket, state: RolloutState, image: PlannedImage?,
        attempt: Attempt?, paused: Set<Stratum>, in context: SelectorContext
    ) -> AdmissionDecision {
        var trace = AdmissionTrace.off
        return candidacy(
            of: device, bucket: bucket, state: state, image: image, attempt: attempt,
            paused: paused, in: context, trace: &trace)
    }
}
