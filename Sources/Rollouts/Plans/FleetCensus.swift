internal import Model

/// What planning remembers of a fleet that streams by.
struct FleetCensus {
    let spec: RolloutSpec
    let images: [HardwareModel: PlannedImage]
    private let context: SelectorContext
    private(set) var excluded: [Ineligibility.Kind: ExcludedDevices] = [:]
    private var deviceCount = 0
    private(set) var candidateCount = 0
    /// How many candidates run each release on each model.
    private(set) var running: [RunningRelease: Int] = [:]
    private var hardwareWithoutImage: Set<HardwareModel> = []
    /// The devices that each wave lists by name.
    private let named: [Set<DeviceID>]
    /// Of those, the ones that the fleet has.
    private var seen: Set<DeviceID> = []
    private var words: MentionedWords
    /// Of the candidates.
    private var values = AttributeValues()
    private var samples: WaveSamples
    private(set) var rules: RuleReach
    /// What each wave that is no sample is the first to reach.
    private var firstHeld: [WaveLoad]

    init(
        spec: RolloutSpec, images: [HardwareModel: PlannedImage], context: SelectorContext
    ) {
        self.spec = spec
        self.images = images
        self.context = context
        firstHeld = spec.waves.map { _ in .none }
        words = MentionedWords(spec)
        samples = WaveSamples(spec)
        rules = RuleReach(spec.limits)
        named = spec.waves.map { wave in
            if case .list(let devices) = wave.target { Set(devices) } else { [] }
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
        guard let image else { preconditionFailure("a device without an image is no candidate") }
        candidateCount += 1
        values.count(device)
        rules.count(device)
        running[RunningRelease(device), default: 0] += 1
        let place = bucket(device.id)
        let later = firstRule(reaching: device, place)
        samples.add(device, bucket: place, laterWave: later, byteCount: image.length)
        if let later { firstHeld[later].add(image.length) }
    }

    private mutating func exclude(_ device: DeviceFacts, for reason: Ineligibility) {
        excluded[reason.kind, default: ExcludedDevices(kind: reason.kind)].add(device.id)
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
            guard case .devices = wave.target, firstHeld[index].deviceCount == 0 else { continue }
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
        let selected = deviceCount - (excluded[.notSelected]?.deviceCount ?? 0)
        guard selected > 0 else { throw .selectorPicksNoDevice }
        guard excluded[.wrongHardware]?.deviceCount ?? 0 < selected else {
            throw .noImageForAnyDevice(hardware: hardwareWithoutImage.sorted())
        }
        throw .everyDeviceExcluded(excluded.mapValues(\.deviceCount))
    }

    func waves() -> [PlannedWave] {
        let chosen = samples.chosen()
        var reach = 0
        return zip(spec.waves.indices, added(beside: chosen)).map { index, added in
            reach += added.deviceCount
            return PlannedWave(
                spec: spec.waves[index], listed: listed(by: index, chosen), deviceCount: reach)
        }
    }

    private func listed(
        by index: Int, _ chosen: [[StratifiedSample.Candidate]]
    ) -> [DeviceID] {
        switch spec.waves[index].target {
        case .sample: chosen[index].map(\.id).sorted()
        case .list(let devices): devices
        case .percent, .devices: []
        }
    }

    /// What each wave is the first to reach.
    private func added(beside chosen: [[StratifiedSample.Candidate]]) -> [WaveLoad] {
        var added = firstHeld
        // A sampled device is reached by its sample, so no other wave is the first to reach it.
        for (index, wave) in chosen.enumerated() {
            for candidate in wave {
                added[index].add(candidate.byteCount)
                if let later = candidate.laterWave { added[later].remove(candidate.byteCount) }
            }
        }
        return added
    }

    /// In what failures are to be looked for.
    var scope: AttributionScope { values.scope }

    /// - Parameter mayReturn: Asked once for each release and model that candidates run.
    func details(mayReturn: (ReleaseID, HardwareModel) -> Bool) -> PlanDetails {
        let chosen = samples.chosen()
        let coverage = samples.coverage(by: chosen)
        let waves = zip(spec.waves.indices, added(beside: chosen)).map { index, added in
            WaveDetails(
                name: spec.waves[index].name, addedCount: added.deviceCount,
                byteCount: added.byteCount, coverage: coverage[index])
        }
        return PlanDetails(
            candidateCount: candidateCount, waves: waves,
            excluded: Ineligibility.Kind.allCases.compactMap { excluded[$0] },
            wayBack: WayBack(running: running, mayReturn: mayReturn), ruleNotes: rules.notes)
    }
}
