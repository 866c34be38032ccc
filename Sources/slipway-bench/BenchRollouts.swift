internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Rollouts
internal import Trust
internal import Wire

/// Two rollouts that stand in a server's database while its devices idle: one is over, and one is
/// in its canaries.
struct BenchRollouts {
    /// What is published: what all devices run, and what comes next.
    static let versions = ["2.4.0", "2.4.1"]

    static func content(of version: String) -> [UInt8] { Array("firmware \(version)\n".utf8) }

    let hardware: HardwareModel
    /// What all devices run.
    let installed: (release: ReleaseID, sha256: Digest)
    private let now: Instant

    init(_ now: Instant) throws {
        self.now = now
        guard let hardware = HardwareModel("gw-2") else {
            throw BenchProblem.failed("hardware has a name")
        }
        self.hardware = hardware
        guard let release = ReleaseID("acme-gateway 2.4.0") else {
            throw BenchProblem.failed("a release has a name")
        }
        installed = (release, OpenSSLHashing().sha256(Self.content(of: "2.4.0")))
    }

    func write(to store: any StoreWriter) throws {
        try store.add(
            rollout(
                "gateway-2.4.0", of: "acme-gateway 2.4.0", state: .completed(at: now),
                canaries: []))
        try store.add(
            rollout(
                "gateway-2.4.1", of: "acme-gateway 2.4.1",
                state: .running(wave: 0, since: now, started: now),
                canaries: ["gw-1", "gw-2", "gw-3"].compactMap { DeviceID($0) }))
    }

    private func rollout(
        _ name: String, of release: String, state: RolloutState, canaries: [DeviceID]
    ) throws -> RolloutRecord {
        let file = Self.file(name, of: release)
        guard let name = RolloutName(name), let author = OperatorName("operator") else {
            throw BenchProblem.failed("a rollout has a name")
        }
        return RolloutRecord(
            name: name, fileJSON: file.bytes, planDigest: OpenSSLHashing().sha256(file.bytes),
            listed: [canaries, [], []], deviceCounts: [3, 50, 1000], hardware: [hardware],
            scope: AttributionScope(attributes: [], pairCount: 0), created: now, author: author,
            priority: .standard, state: state, revision: 1)
    }

    /// A rollout file for the whole fleet, in three waves.
    static func file(_ name: String, of release: String = "acme-gateway 2.4.1") -> RolloutFile {
        RolloutFile(
            rollout: name, release: release,
            devices: #"hardware == "gw-2" and country in ["DE", "FR"] and not tag("lab")"#,
            waves: [
                RolloutFile.Wave(name: "canary", sample: 3, soak: "24h"),
                RolloutFile.Wave(name: "early", percent: "5%", soak: "12h"),
                RolloutFile.Wave(name: "fleet", percent: "100%", soak: "12h"),
            ],
            gate: RolloutFile.Gate(maxFailureRate: "2%", confidence: "95%", minConfirmed: 3),
            limits: RolloutFile.Limits(concurrent: 500), expires: "60d")
    }
}
