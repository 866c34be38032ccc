import Foundation
internal import Audit
internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Rollouts
internal import Stores
internal import Trust
internal import Wire

/// Devices that are registered, run one release and want nothing; some of them check in.
///
/// Those that do, at most ``mostActive`` and spread evenly, have keys of their own; of the others
/// nobody has the private half, which nobody needs.
struct CheckInFleet {
    let deviceCount: Int
    private let hashing = OpenSSLHashing()
    private let stride: Int

    private static let mostActive = 50_000
    private static let batchCount = 10_000

    init(deviceCount: Int) {
        self.deviceCount = deviceCount
        stride = max(1, deviceCount / Self.mostActive)
    }

    var activeCount: Int { (deviceCount + stride - 1) / stride }

    /// The device with this number among all.
    func device(_ number: Int) throws -> DeviceID { try id(number) }

    /// The device with this number among those that check in.
    func activeDevice(_ number: Int) throws -> DeviceID { try id(number * stride) }

    func key(ofActive number: Int) throws -> Ed25519PrivateKey {
        try Ed25519PrivateKey(
            seed: hashing.sha256(Array("bench key \(number * stride)".utf8)).bytes)
    }

    /// Writes the fleet and two rollouts into a database that has no devices.
    ///
    /// - Returns: Whether it did.
    func register(in database: URL) async throws -> Bool {
        let store = try SQLiteStore(path: database.path)
        let (first, last) = try (device(0), device(deviceCount - 1))
        let isThere = try await store.read { store in
            try store.device(first) != nil && store.device(last) != nil
        }
        guard !isThere else { return false }
        let now = Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970))
        let rollouts = try BenchRollouts(now)
        let pen = AuditPen(.server, at: now, hashing: OpenSSLHashing())
        for begin in Swift.stride(from: 0, to: deviceCount, by: Self.batchCount) {
            let batch = try (begin..<min(deviceCount, begin + Self.batchCount)).map {
                try device($0, rollouts, at: now)
            }
            try await store.write(with: pen) { store in
                for device in batch { try store.save(device, at: now) }
            }
        }
        try await store.write(with: pen) { try rollouts.write(to: $0) }
        return true
    }

    private func id(_ number: Int) throws -> DeviceID {
        guard let id = DeviceID("gw-\(10_000_000 + number)") else {
            throw BenchProblem.failed("a device has a name")
        }
        return id
    }

    private func device(
        _ number: Int, _ rollouts: BenchRollouts, at now: Instant
    ) throws -> DeviceRecord {
        let isActive = number % stride == 0
        let key =
            isActive
            ? try self.key(ofActive: number / stride).ed25519PublicKey
            : Ed25519PublicKey(bytes: hashing.sha256(Array("nobody \(number)".utf8)).bytes)
        guard let key else { throw BenchProblem.failed("a device has a key") }
        return DeviceRecord(
            id: try id(number), hardware: rollouts.hardware, publicKey: key, sequence: 1,
            lifecycle: .active, slot: IdleBoot.slot, bootID: IdleBoot.bootID,
            release: rollouts.installed.release, image: rollouts.installed.sha256,
            isConfirmed: true, phaseJSON: PhaseReport.idle.bytes, lastFailure: nil,
            reportedAttributes: try Attributes([
                "site": "site-\(number % 2000)", "country": number % 3 == 0 ? "FR" : "DE",
                "board_revision": ["A", "B", "C"][number % 3], "timezone": "Europe/Berlin",
            ]), lastSeen: now, enrolled: now)
    }
}

/// What every device of the fleet has booted.
enum IdleBoot {
    static let slot = named("a", SlotName.self)
    static let bootID = named("0f9a5d56-5ba1-4d2a-9d0c-0d2f4c1c7b11", BootID.self)

    private static func named<N: Name>(_ text: String, _: N.Type) -> N {
        guard let name = N(text) else { preconditionFailure("\(text) is a name") }
        return name
    }
}

/// Check-ins of the fleet's devices, each of the next one in an order without a pattern.
struct CheckInMessages {
    private let fleet: CheckInFleet
    private let order: [Int]
    private var place = 0
    private var keys: [Int: Ed25519PrivateKey] = [:]
    /// Later runs on the same database go on with higher ones.
    private var sequence = Int64(Date().timeIntervalSince1970 * 1000)

    init(_ fleet: CheckInFleet) {
        self.fleet = fleet
        var random = SplitMix64(seed: 2)
        order = (0..<fleet.activeCount).shuffled(using: &random)
    }

    /// So many requests, signed.
    mutating func next(_ count: Int) throws -> [[UInt8]] {
        let rollouts = try BenchRollouts(Instant(secondsSinceEpoch: 0))
        return try (0..<count).map { _ in
            let number = order[place % order.count]
            place += 1
            sequence += 1
            let message = try Self.message(
                fleet.activeDevice(number), sequence, key(number), rollouts)
            return PlainRequest.post("/device/v1/check-in", message.bytes)
        }
    }

    private mutating func key(_ number: Int) throws -> Ed25519PrivateKey {
        if let key = keys[number] { return key }
        let key = try fleet.key(ofActive: number)
        keys[number] = key
        return key
    }

    static func message(
        _ device: DeviceID, _ sequence: Int64, _ key: Ed25519PrivateKey, _ rollouts: BenchRollouts
    ) throws -> SignedMessage<CheckIn> {
        let checkIn = CheckIn(
            device: device, hardware: rollouts.hardware, sequence: sequence,
            boot: BootReport(
                slot: IdleBoot.slot, bootID: IdleBoot.bootID,
                release: rollouts.installed.release, sha256: rollouts.installed.sha256,
                isConfirmed: true), phase: .idle, attributes: nil, enrolment: nil)
        guard let keyID = KeyID(key.ed25519PublicKey.hex) else {
            throw BenchProblem.failed("a key has a name")
        }
        return try SignedMessage(signing: checkIn, keyID: keyID) { try key.sign($0) }
    }
}
