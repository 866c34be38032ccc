internal import Model

extension RolloutPlan {
    /// Decides whether `device` is offered the release now.
    ///
    /// The rules are asked in the order of ``AdmissionRefusal``, and the first that refuses decides.
    /// A completed rollout goes on offering to every device that its waves reach.
    ///
    /// - Parameter image: The release's image for the device's hardware, if there is one.
    /// - Parameter openLeases: How many devices hold a lease of this rollout.
    /// - Parameter attempt: What the device has made of this rollout; `nil` when it was not offered.
    /// - Parameter context: What the selector may ask for besides `device`.
    public func admission(
        of device: DeviceFacts, bucket: Bucket, state: RolloutState, image: PlannedImage?,
        openLeases: Int, attempt: Attempt?, in context: SelectorContext
    ) -> AdmissionDecision {
        guard let openWave = openWave(in: state) else { return .no(.notRunning(state)) }
        if let refusal = attempt.map(refusal) { return .no(refusal) }
        if let reason = spec.ineligibility(of: device, image: image, in: context) {
            return .no(.ineligible(reason))
        }
        guard let image, hardware.contains(device.hardware) else {
            return .no(.ineligible(.wrongHardware(device.hardware)))
        }
        guard let wave = wave(of: device, bucket: bucket, in: context) else {
            return .no(.inNoWave)
        }
        guard wave <= openWave else { return .no(.waveNotOpen(opens: wave)) }
        guard openLeases < spec.concurrent else {
            return .no(.capReached(limit: spec.concurrent))
        }
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
