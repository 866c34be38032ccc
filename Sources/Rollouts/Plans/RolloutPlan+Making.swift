public import Model

extension RolloutPlan {
    /// Plans `spec` for `fleet`, which is read once and may come in any order.
    ///
    /// - Parameter images: The release's image for each model of hardware.
    /// - Parameter context: What the selector may ask for besides each device.
    /// - Parameter bucket: A device's place in this rollout's order.
    /// - Throws: ``PlanError`` when no device could take the release, or a gate could never open.
    public static func make(
        _ spec: RolloutSpec, images: [HardwareModel: PlannedImage],
        fleet: some Sequence<DeviceFacts>, in context: SelectorContext,
        bucket: (DeviceID) -> Bucket
    ) throws(PlanError) -> RolloutPlan {
        try census(of: fleet, for: spec, images: images, in: context, bucket: bucket).plan()
    }

    private static func census(
        of fleet: some Sequence<DeviceFacts>, for spec: RolloutSpec,
        images: [HardwareModel: PlannedImage], in context: SelectorContext,
        bucket: (DeviceID) -> Bucket
    ) -> FleetCensus {
        var census = FleetCensus(spec: spec, images: images, context: context)
        for device in fleet { census.count(device, bucket: bucket) }
        return census
    }

    /// Refuses a wave whose gate would hold for ever.
    fileprivate func checkGates() throws(PlanError) {
        for wave in waves {
            let devices = wave.deviceCount
            let needed = spec.gate.confirmations(amongReached: devices)
            guard devices >= needed else {
                throw .gateCannotBeMet(
                    wave: wave.spec.name, minConfirmed: needed, devices: devices)
            }
            switch spec.gate.require {
            case .noEvidenceOfHarm: continue
            case .evidenceOfHealth:
                let health = spec.gate.evidenceOfHealth(failures: 0, decided: devices)
                guard health >= spec.gate.sufficientEvidence else {
                    throw .healthCannotBeShown(wave: wave.spec.name, devices: devices)
                }
            }
        }
    }
}

extension RolloutPlan {
    /// The devices that an emergency may always reach first, however small the fleet is.
    private static let smallestCanary = 3

    /// What is urgent must not reach everybody before anybody has proven it.
    fileprivate func checkCanary(among candidates: Int) throws(PlanError) {
        guard spec.priority == .emergency, let first = waves.first else { return }
        let share = WaveSpec.largestCanary?.fraction ?? 0
        let most = max(Self.smallestCanary, Int(Double(candidates) * share))
        guard first.deviceCount <= most || first.spec.isPercentage else {
            throw .canaryTooLarge(
                wave: first.spec.name, devices: first.deviceCount, of: candidates, most: most)
        }
    }
}

extension WaveSpec {
    /// Whose share has been checked already; the devices under it vary.
    fileprivate var isPercentage: Bool {
        switch target {
        case .percent: true
        case .sample, .devices, .list: false
        }
    }
}

extension FleetCensus {
    /// An image that never fits into the budget would never be offered.
    private func checkEgress() throws(PlanError) {
        guard let egress = spec.limits.egress else { return }
        let longest = images.values.map(\.length).max() ?? 0
        guard longest <= egress.bytes else {
            throw .imageExceedsEgress(egress, length: longest)
        }
    }

    /// - Throws: ``PlanError`` for the first mistake that the fleet shows.
    func plan() throws(PlanError) -> RolloutPlan {
        try checkWords()
        try checkCandidates()
        try checkNames()
        try checkEgress()
        try rules.check(candidates: candidateCount)
        let plan = RolloutPlan(
            spec: spec, waves: waves(), excluded: excluded.mapValues(\.deviceCount),
            hardware: Set(images.keys))
        try plan.checkGates()
        try plan.checkCanary(among: candidateCount)
        return plan
    }
}
