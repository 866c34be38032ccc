public import Model

/// Exactly which devices each wave reaches, made from a spec and the fleet at one moment.
///
/// Samples are listed by name. Percentages and selectors are rules, so they hold for devices that
/// join later, and a plan for ten million devices is as small as one for ten.
public struct RolloutPlan: Hashable, Sendable {
    public let spec: RolloutSpec
    /// As many as the spec has.
    public let waves: [PlannedWave]
    /// How many devices were no candidates, by the first reason; reasons without a device are absent.
    public let excluded: [Ineligibility.Kind: Int]
    /// The models that the release has images for.
    public let hardware: Set<HardwareModel>

    init(
        spec: RolloutSpec, waves: [PlannedWave], excluded: [Ineligibility.Kind: Int],
        hardware: Set<HardwareModel>
    ) {
        self.spec = spec
        self.waves = waves
        self.excluded = excluded
        self.hardware = hardware
    }

    /// Puts a stored plan together again; the order inside each list does not matter.
    ///
    /// Returns `nil` unless there is one list and one count for each wave of `spec`, only samples
    /// and lists name devices, no device is in two samples, and counts do not fall.
    public init?(
        restoring spec: RolloutSpec, listed: [[DeviceID]], deviceCounts: [Int],
        excluded: [Ineligibility.Kind: Int], hardware: Set<HardwareModel>
    ) {
        let waveCount = spec.waves.count
        guard listed.count == waveCount, deviceCounts.count == waveCount else { return nil }
        let samples = zip(spec.waves, listed).flatMap { $0.isSample ? $1 : [] }
        guard Set(samples).count == samples.count, deviceCounts == deviceCounts.sorted(),
            zip(spec.waves, listed).allSatisfy({ $0.isListed || $1.isEmpty })
        else { return nil }
        let waves = spec.waves.indices.map { index in
            PlannedWave(
                spec: spec.waves[index], listed: listed[index].sorted(),
                deviceCount: deviceCounts[index])
        }
        self.init(spec: spec, waves: waves, excluded: excluded, hardware: hardware)
    }
}

/// One wave of a plan.
public struct PlannedWave: Hashable, Sendable {
    public let spec: WaveSpec
    /// The devices that a sample wave adds to those before it, or all that a list names, sorted;
    /// empty for percentages and selectors.
    public let listed: [DeviceID]
    /// How many devices this wave and all before it reached when the plan was made.
    public let deviceCount: Int
}

/// What planning and admission need to know of an image.
public struct PlannedImage: Hashable, Sendable {
    public let sha256: Digest
    /// In bytes.
    public let length: Int64
    public let version: Version
    /// The versions that may be updated to this one; empty for any.
    public let from: [Version]
    /// Whether a device with a later version of the same release may take it.
    public let mayDowngrade: Bool

    public init(
        sha256: Digest, length: Int64, version: Version, from: [Version], mayDowngrade: Bool
    ) {
        self.sha256 = sha256
        self.length = length
        self.version = version
        self.from = from
        self.mayDowngrade = mayDowngrade
    }
}

extension WaveSpec {
    var isSample: Bool {
        switch target {
        case .sample: true
        case .percent, .devices, .list: false
        }
    }

    /// Whether a plan names the wave's devices one by one.
    var isListed: Bool {
        switch target {
        case .sample, .list: true
        case .percent, .devices: false
        }
    }
}
