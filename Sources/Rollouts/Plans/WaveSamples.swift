internal import Model

/// All sample waves of a rollout; those with the same strata share their work.
struct WaveSamples {
    private let spec: RolloutSpec
    private var samples: [StratifiedSample] = []
    /// For each wave the place of its sample; `nil` for waves of another kind.
    private var places: [Int?] = []
    /// The strata of all waves, each once.
    private var words: [DeviceWord] = []

    init(_ spec: RolloutSpec) {
        self.spec = spec
        for wave in spec.waves {
            guard case .sample(let count, let strata) = wave.target else {
                places.append(nil)
                continue
            }
            let strataWords = strata.map(DeviceWord.init)
            let place =
                samples.firstIndex { $0.strata == strataWords } ?? samples.endIndex
            if place == samples.endIndex { samples.append(StratifiedSample(strata: strataWords)) }
            samples[place].serve(count: count)
            places.append(place)
            words += strataWords.filter { !words.contains($0) }
        }
    }

    mutating func add(_ device: DeviceFacts, bucket: Bucket, laterWave: Int?, byteCount: Int64) {
        guard !samples.isEmpty else { return }
        let values = StratumKey(of: device, words)
        let candidate = StratifiedSample.Candidate(
            bucket: bucket, id: device.id, laterWave: laterWave, byteCount: byteCount,
            values: values)
        for index in samples.indices {
            let strata = samples[index].strata
            let key = strata == words ? values : StratumKey(of: device, strata)
            samples[index].add(candidate, of: key)
        }
    }

    /// What each wave adds to those before it; empty for waves that are no samples.
    func chosen() -> [[StratifiedSample.Candidate]] {
        var earlier: Set<DeviceID> = []
        return zip(spec.waves, places).map { wave, place in
            guard let place, case .sample(let count, _) = wave.target else { return [] }
            let added = samples[place].chosen(count, beside: earlier)
            earlier.formUnion(added.map(\.id))
            return added
        }
    }

    /// For each wave and each of its strata, which values the wave and those before it reach.
    ///
    /// Samples are the first waves of every spec, so nothing else reaches devices before them.
    func coverage(by chosen: [[StratifiedSample.Candidate]]) -> [[StratumCoverage]] {
        var reached: [[ExactText?: Int]] = words.map { _ in [:] }
        return zip(zip(spec.waves, places), chosen).map { wave, added in
            for candidate in added {
                for (index, value) in candidate.values.values.enumerated() {
                    reached[index][value, default: 0] += 1
                }
            }
            guard let place = wave.1, case .sample(_, let strata) = wave.0.target else { return [] }
            return strata.enumerated().map { index, name in
                let word = words.firstIndex(of: samples[place].strata[index])
                return StratumCoverage(
                    wave: wave.0.name, attribute: name,
                    sizes: samples[place].sizes(ofStratum: index),
                    reached: word.map { reached[$0] } ?? [:])
            }
        }
    }
}
