internal import Model
internal import Orchestrator
internal import Rollouts
internal import Trust

/// A fleet of gateways that are invented one at a time, the same ones from the same seed.
///
/// About half of them could take the release of ``BenchRollout``: there are three models of
/// hardware, four countries, a laboratory, and devices that are held or were updated already.
struct InventedGateways: Sequence, IteratorProtocol {
    private var number = 0
    private let count: Int
    private var random: SplitMix64
    private let hardware: [HardwareModel]
    private let releases: [ReleaseID]
    /// Of each model the image of each release.
    private let images: [[Digest]]
    private let sites: [String]

    private static let versions = [
        "2.4.0", "2.4.0", "2.4.0", "2.4.0", "2.3.2", "2.3.2", "2.3.1", "2.4.1",
    ]
    private static let countries = ["DE", "FR", "DE", "AT", "DE", "FR", "DE", "ES"]
    private static let boards = ["A", "B", "B", "C", "C", "C", "C", "D"]
    private static let carriers = ["telekom", "orange", "vodafone", "movistar"]

    init(count: Int, seed: UInt64, hashing: some Hashing) throws {
        self.count = count
        random = SplitMix64(seed: seed)
        hardware = ["gw-2", "gw-2", "gw-2", "gw-1", "gw-2", "gw-2", "gw-2", "gw-3"].compactMap {
            HardwareModel($0)
        }
        releases = Self.versions.compactMap { ReleaseID("acme-gateway \($0)") }
        let releases = releases
        images = hardware.map { model in
            releases.map { BenchRollout.image(of: $0, for: model, hashing) }
        }
        sites = (0..<2000).map { "site-\($0)" }
    }

    mutating func next() -> DeviceFacts? {
        guard number < count else { return nil }
        number += 1
        let (model, release) = (pick(hardware.indices), pick(releases.indices))
        guard let id = DeviceID("gw-\(10_000_000 + number)"),
            let attributes = try? Attributes([
                "board_revision": pick(Self.boards), "carrier": pick(Self.carriers),
                "country": pick(Self.countries), "site": pick(sites),
                "timezone": "Europe/Berlin", "tags": random.next() % 50 == 0 ? "lab" : "outdoor",
            ])
        else { preconditionFailure("invented names and values obey the rules") }
        return DeviceFacts(
            id: id, hardware: hardware[model], release: releases[release],
            image: images[model][release], attributes: attributes,
            lastSeen: BenchRollout.now.advanced(by: .seconds(-Int64(random.next() % 3600))),
            standing: random.next() % 100 != 0 ? .active : .retired)
    }

    private mutating func pick<Values: RandomAccessCollection>(
        _ values: Values
    ) -> Values.Element where Values.Index == Int {
        values[values.startIndex + Int(random.next() % UInt64(values.count))]
    }
}

/// The rollout of the documentation's example.
enum BenchRollout {
    static let now = Instant(secondsSinceEpoch: 1_800_000_000)
    static let selector =
        #"hardware == "gw-2" and country in ["DE", "FR"] and not tag("lab")"#

    static let canary = RolloutFile.Wave(
        name: "canary", sample: 50, strata: ["board_revision", "carrier"], soak: "24h")

    /// - Parameter percentages: Of the waves after the canary.
    static func spec(
        devices: String = selector, percentages: [Int], concurrent: Int
    ) throws -> RolloutSpec {
        let shares = percentages.map {
            RolloutFile.Wave(name: "share-\($0)", percent: "\($0)%", soak: "12h")
        }
        return try RolloutSpec(
            RolloutFile(
                rollout: "gateway-2.4.1", release: "acme-gateway 2.4.1", devices: devices,
                waves: [canary] + shares,
                gate: RolloutFile.Gate(
                    maxFailureRate: "2%", confidence: "95%", minConfirmed: 20,
                    overdueAfter: "2h"),
                limits: RolloutFile.Limits(concurrent: concurrent), expires: "60d"))
    }

    /// What selectors may ask for on the server.
    static func context(_ hashing: some Hashing) -> SelectorContext {
        let order = FleetOrder.ofFleet(by: hashing)
        return SelectorContext(now: now) { order.bucket(of: $0) }
    }

    /// What a device has when it runs this release.
    static func image(
        of release: ReleaseID, for model: HardwareModel, _ hashing: some Hashing
    ) -> Digest { hashing.sha256(Array("\(release) \(model)".utf8)) }

    /// The release's image for the one model that it is made for.
    static func images(_ spec: RolloutSpec, _ hashing: some Hashing) -> [HardwareModel:
        PlannedImage]
    {
        guard let model = HardwareModel("gw-2") else { return [:] }
        let image = PlannedImage(
            sha256: image(of: spec.release, for: model, hashing), length: 100_000_000,
            version: spec.release.version, from: [], mayDowngrade: false)
        return [model: image]
    }
}
