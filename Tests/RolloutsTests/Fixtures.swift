import Model
import Rollouts
import Testing

/// Seconds after the epoch, as tests count time.
func at(_ seconds: Int64) -> Instant { Instant(secondsSinceEpoch: seconds) }

func digest(_ first: UInt8) throws -> Digest {
    try #require(Digest(bytes: [first] + Array(repeating: 0, count: 31)))
}

func bucket(_ value: UInt64) throws -> Bucket {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) }
    return Bucket(try #require(Digest(bytes: bytes + Array(repeating: 0, count: 24))))
}

/// Any stable spread of names over buckets does for tests; the real one is SHA-256.
func spread(_ id: DeviceID) -> Bucket {
    let seed = id.text.utf8.reduce(UInt64(14_695_981_039_346_656_037)) {
        ($0 ^ UInt64($1)) &* 1_099_511_628_211
    }
    var random = SplitMix64(seed: seed)
    let value = random.next()
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) }
    guard let digest = Digest(bytes: bytes + Array(repeating: 0, count: 24)) else {
        preconditionFailure("8 and 24 bytes are a digest")
    }
    return Bucket(digest)
}

extension SelectorContext {
    /// Ten days after the epoch; the fleet's order is that of `spread`.
    static let plain = SelectorContext(now: at(864_000), place: spread)
}

func percent(_ text: String) throws -> Percentage { try #require(Percentage(text)) }

func version(_ text: String) throws -> Version { try #require(Version(text)) }

func model(_ text: String) throws -> HardwareModel { try #require(HardwareModel(text)) }

func deviceID(_ text: String) throws -> DeviceID { try #require(DeviceID(text)) }

func device(
    _ id: String = "gw-0001", hardware: String = "gw-2", running: String? = "acme-gateway 2.4.0",
    image: UInt8? = 1, attributes: [String: String] = [:], lastSeen: Int64 = 0,
    standing: DeviceFacts.Standing = .active, pin: String? = nil
) throws -> DeviceFacts {
    DeviceFacts(
        id: try deviceID(id), hardware: try model(hardware),
        release: try running.map { try #require(ReleaseID($0)) },
        image: try image.map(digest), attributes: try Attributes(attributes),
        lastSeen: at(lastSeen), standing: standing,
        pin: try pin.map { try #require(ReleaseID($0)) })
}

func image(
    _ first: UInt8 = 2, version text: String = "2.4.1", from: [String] = [],
    mayDowngrade: Bool = false, length: Int64 = 1000
) throws -> PlannedImage {
    PlannedImage(
        sha256: try digest(first), length: length, version: try version(text),
        from: try from.map(version), mayDowngrade: mayDowngrade)
}

extension RolloutFile {
    /// A file that passes every check: 5 % for a minute, then everyone for ten.
    static let plain = RolloutFile(
        rollout: "gateway-2.4.1", release: "acme-gateway 2.4.1", devices: "all",
        waves: [
            Wave(name: "early", percent: "5%", soak: "1m"),
            Wave(name: "fleet", percent: "100%", soak: "10m"),
        ],
        gate: Gate(minConfirmed: 2), limits: Limits(concurrent: 3), expires: "1d")

    func with(_ change: (inout RolloutFile) -> Void) -> RolloutFile {
        var file = self
        change(&file)
        return file
    }
}

extension WaveEvidence {
    /// Failures of one class, as most tests have them.
    init(
        proven: Int, failed: Int, provenInWave: Int, undecided: Int, isApproved: Bool = false,
        outside: [CheckName: AskedAnswer] = [:]
    ) {
        self.init(
            proven: proven, failures: FailureCounts([.health: failed]),
            provenInWave: provenInWave, undecided: undecided, isApproved: isApproved,
            outside: outside)
    }
}

extension RolloutPlan {
    /// The plan of a file for a fleet of `gw-2` that has long been counted.
    static func restored(_ file: RolloutFile = .plain) throws -> RolloutPlan {
        let spec = try RolloutSpec(file)
        return try #require(
            RolloutPlan(
                restoring: spec, listed: spec.waves.map { _ in [] },
                deviceCounts: spec.waves.map { _ in 100 }, excluded: [:],
                hardware: [try model("gw-2")]))
    }
}

extension DetailedPlan {
    /// What a planner makes of a fleet, device after device.
    static func make(
        _ file: RolloutFile, images: [HardwareModel: PlannedImage],
        of fleet: some Sequence<DeviceFacts>,
        mayReturn: (ReleaseID, HardwareModel) -> Bool = { _, _ in true }
    ) throws -> DetailedPlan {
        var planner = RolloutPlanner(
            try RolloutSpec(file), images: images, in: .plain, bucket: spread)
        for device in fleet { planner.count(device) }
        return try planner.finish(mayReturn: mayReturn)
    }
}
