internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Rollouts
internal import Trust
internal import Wire

/// Two rollouts that stand in a server's database while its devices idle: one is over, and one is
/// in its canaries.
struct BenchRollouts {
    let hardware: HardwareModel
    /// What all devices run.
    let installed: ImageRecord
    private let next: ImageRecord
    private let now: Instant

    init(_ now: Instant) throws {
        self.now = now
        guard let hardware = HardwareModel("gw-2") else {
            throw BenchProblem.failed("hardware has a name")
        }
        self.hardware = hardware
        installed = try Self.image("acme-gateway 2.4.0", hardware)
        next = try Self.image("acme-gateway 2.4.1", hardware)
    }

    func write(to store: any StoreWriter) throws {
        try store.save(installed)
        try store.save(next)
        try store.add(
            rollout("gateway-2.4.0", of: installed, state: .completed(at: now), canaries: []))
        try store.add(
            rollout(
                "gateway-2.4.1", of: next, state: .running(wave: 0, since: now, started: now),
                canaries: ["gw-1", "gw-2", "gw-3"].compactMap { DeviceID($0) }))
    }

    private static func image(_ name: String, _ hardware: HardwareModel) throws -> ImageRecord {
        let digest = OpenSSLHashing().sha256(Array(name.utf8))
        guard let release = ReleaseID(name), let path = TargetPath("\(release.version).img"),
            let image = ImageReference(path: path, sha256: digest, length: 100_000_000)
        else { throw BenchProblem.failed("an image has a name") }
        return ImageRecord(
            image: image, release: release, hardware: [hardware], from: [], mayDowngrade: false)
    }

    private func rollout(
        _ name: String, of image: ImageRecord, state: RolloutState, canaries: [DeviceID]
    ) throws -> RolloutRecord {
        let file = RolloutFile(
            rollout: name, release: "\(image.release)",
            devices: #"hardware == "gw-2" and country in ["DE", "FR"] and not tag("lab")"#,
            waves: [
                RolloutFile.Wave(name: "canary", sample: 3, soak: "24h"),
                RolloutFile.Wave(name: "early", percent: "5%", soak: "12h"),
                RolloutFile.Wave(name: "fleet", percent: "100%", soak: "12h"),
            ],
            gate: RolloutFile.Gate(maxFailureRate: "2%", confidence: "95%", minConfirmed: 3),
            limits: RolloutFile.Limits(concurrent: 500), expires: "60d")
        guard let name = RolloutName(name), let author = OperatorName("operator") else {
            throw BenchProblem.failed("a rollout has a name")
        }
        return RolloutRecord(
            name: name, fileJSON: file.bytes, planDigest: OpenSSLHashing().sha256(file.bytes),
            listed: [canaries, [], []], deviceCounts: [3, 50, 1000], hardware: [hardware],
            scope: AttributionScope(attributes: [], pairCount: 0), created: now, author: author,
            priority: .standard, state: state, revision: 1)
    }
}
