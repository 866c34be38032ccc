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
        var census = FleetCensus(spec: spec, images: images, context: context)
        for device in fleet { census.count(device, bucket: bucket) }
        try census.checkWords()
        try census.checkCandidates()
        try census.checkNames()
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
    let context: SelectorContext
    private(set) var excluded: [Ineligibility.Kind: Int] = [:]
    private var deviceCount = 0
    private var candidateCount = 0
    private var hardwareWithoutImage: Set<HardwareModel> = []
    /// The devices that each wave lists by name.
    private let named: [Set<DeviceID>]
    /// Of those, the ones that the fleet has.
    private var seen: Set<DeviceID> = []
    private var words: MentionedWords
    /// The sample waves, which are the first ones of every spec.
    private var samples: [StratifiedSample] = []
    /// How many candidates each wave that is no sample is the first to reach.
    private var firstHeld: [Int]

    init(
        spec: RolloutSpec, images: [HardwareModel: PlannedImage], context: SelectorContext
    ) {
        self.spec = spec
        self.images = images
        self.context = context
        firstHeld = spec.waves.map { _ in 0 }
        words = MentionedWords(spec)
        named = spec.waves.map { wave in
            if case .list(let devices) = wave.target { Set(devices) } else { [] }
        }
        for wave in spec.waves {
            guard case .sample(let count, let strata) = wave.target else { continue }
            samples.append(StratifiedSample(count: count, strata: strata.map(DeviceWord.init)))
        }
    }

    mutating func count(_ device: DeviceFacts, bucket: (DeviceID) -> Bucket) {
        deviceCount += 1
        words.count(device)
        if named.contains(where: { $0.contains(device.id) }) { seen.insert(device.id) }
        let image = images[device.hardware]
        if let reason = spec.ineligibility(of: device, image: image, in: context) {
            exclude(device, for: reason)
            return
        }
        candidateCount += 1
        let place = bucket(device.id)
        let later = firstRule(reaching: device, place)
        for index in samples.indices {
            samples[index].add(device, bucket: place, laterWave: later)
        }
        if let later { firstHeld[later] += 1 }
    }

    private mutating func exclude(_ device: DeviceFacts, for reason: Ineligibility) {
        excluded[reason.kind, default: 0] += 1
        if case .wrongHardware(let model) = reason { hardwareWithoutImage.insert(model) }
    }

    /// The first wave that reaches the device by a rule or a name, and not by a sample.
    private func firstRule(reaching device: DeviceFacts, _ bucket: Bucket) -> Int? {
        spec.waves.indices.first { index in
            switch spec.waves[index].target {
            case .sample: false
            case .percent(let percentage): percentage.holds(bucket)
            case .devices(let selector): selector.matches(device, in: context)
            case .list: named[index].contains(device.id)
            }
        }
    }

    /// A wave of the author's own choice that reaches nobody is a mistake.
    func checkNames() throws(PlanError) {
        for (wave, names) in zip(spec.waves, named) {
            let unknown = names.subtracting(seen)
            guard unknown.isEmpty else {
                throw .unknownDevices(wave: wave.name, unknown.sorted())
            }
        }
        for (index, wave) in spec.waves.enumerated() {
            guard case .devices = wave.target, firstHeld[index] == 0 else { continue }
            throw .waveAddsNothing(wave: wave.name)
        }
    }

    /// An attribute that no device has is misspelt, or picks nobody anyway.
    func checkWords() throws(PlanError) {
        guard deviceCount > 0, let (word, place) = words.unknown else { return }
        throw .unknownWord(word, in: place)
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
        for (index, wave) in spec.waves.enumerated() {
            if case .list(let devices) = wave.target { listed[index] = devices }
        }
        for (index, sample) in samples.enumerated() {
            let added = sample.chosen(beside: chosen)
            chosen.formUnion(added)
            listed[index] = added.map(\.id).sorted()
        }
        // A sampled device is reached by its sample, so no other wave is the first to reach it.
        for candidate in chosen {
            if let later = candidate.laterWave { firstHeld[later] -= 1 }
        }
        return spec.waves.indices.map { index in
            reach += firstHeld[index] + (spec.waves[index].isSample ? listed[index].count : 0)
            return PlannedWave(
                spec: spec.waves[index], listed: listed[index], deviceCount: reach)
        }
    }
}
