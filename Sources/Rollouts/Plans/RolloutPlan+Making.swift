public import Model

extension RolloutPlan {
    /// Plans `spec` for `fleet`, which is read once and may come in any order.
    ///
    /// - Parameter images: The release's image for each model of hardware.
    /// - Parameter bucket: A device's place in this rollout's order.
    /// - Throws: ``PlanError`` when no device could take the release, or a gate could never open.
    public static func make(
        _ spec: RolloutSpec, images: [HardwareModel: PlannedImage],
        fleet: some Sequence<DeviceFacts>, bucket: (DeviceID) -> Bucket
    ) throws(PlanError) -> RolloutPlan {
        var census = FleetCensus(spec: spec, images: images)
        for device in fleet { census.count(device, bucket: bucket) }
        try census.checkCandidates()
        let plan = RolloutPlan(
            spec: spec, waves: census.waves(), excluded: census.excluded,
            hardware: Set(images.keys))
        try plan.checkGates()
        return plan
    }

    /// Refuses a wave whose gate would hold for ever.
    private func checkGates() throws(PlanError) {
        for wave in waves {
            let devices = wave.deviceCount
            guard devices >= spec.gate.minConfirmed else {
                throw .gateCannotBeMet(
                    wave: wave.spec.name, minConfirmed: spec.gate.minConfirmed, devices: devices)
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

/// What planning remembers of a fleet that streams by.
private struct FleetCensus {
    let spec: RolloutSpec
    let images: [HardwareModel: PlannedImage]
    private(set) var excluded: [Ineligibility.Kind: Int] = [:]
    private var deviceCount = 0
    private var candidateCount = 0
    private var hardwareWithoutImage: Set<HardwareModel> = []
    /// The sample waves, which are the first ones of every spec.
    private var samples: [StratifiedSample] = []
    /// How many candidates each wave is the first percentage to hold.
    private var firstHeld: [Int]

    init(spec: RolloutSpec, images: [HardwareModel: PlannedImage]) {
        self.spec = spec
        self.images = images
        firstHeld = spec.waves.map { _ in 0 }
        for wave in spec.waves {
            guard case .sample(let count, let strata) = wave.target else { continue }
            samples.append(StratifiedSample(count: count, strata: strata.map(DeviceWord.init)))
        }
    }

    mutating func count(_ device: DeviceFacts, bucket: (DeviceID) -> Bucket) {
        deviceCount += 1
        if let reason = spec.ineligibility(of: device, image: images[device.hardware]) {
            exclude(device, for: reason)
            return
        }
        candidateCount += 1
        let place = bucket(device.id)
        for index in samples.indices { samples[index].add(device, bucket: place) }
        if let index = firstPercentage(holding: place) { firstHeld[index] += 1 }
    }

    private mutating func exclude(_ device: DeviceFacts, for reason: Ineligibility) {
        excluded[reason.kind, default: 0] += 1
        if case .wrongHardware(let model) = reason { hardwareWithoutImage.insert(model) }
    }

    private func firstPercentage(holding bucket: Bucket) -> Int? {
        spec.waves.firstIndex { wave in
            switch wave.target {
            case .sample: false
            case .percent(let percentage): percentage.holds(bucket)
            }
        }
    }

    func checkCandidates() throws(PlanError) {
        guard candidateCount == 0 else { return }
        let selected = deviceCount - excluded[.notSelected, default: 0]
        guard selected > 0 else { throw .selectorPicksNoDevice }
        guard excluded[.wrongHardware, default: 0] < selected else {
            throw .noImageForAnyDevice(hardware: hardwareWithoutImage.sorted())
        }
        throw .everyDeviceExcluded(excluded)
    }

    func waves() -> [PlannedWave] {
        var firstHeld = firstHeld
        var chosen: Set<StratifiedSample.Candidate> = []
        var reach = 0
        var listed: [[DeviceID]] = spec.waves.map { _ in [] }
        for (index, sample) in samples.enumerated() {
            let added = sample.chosen(beside: chosen)
            chosen.formUnion(added)
            listed[index] = added.map(\.id).sorted()
        }
        // A listed device is reached by its sample, so no percentage is the first to reach it.
        for candidate in chosen {
            if let later = firstPercentage(holding: candidate.bucket) { firstHeld[later] -= 1 }
        }
        return spec.waves.indices.map { index in
            reach += listed[index].count + firstHeld[index]
            return PlannedWave(
                spec: spec.waves[index], listed: listed[index], deviceCount: reach)
        }
    }
}
