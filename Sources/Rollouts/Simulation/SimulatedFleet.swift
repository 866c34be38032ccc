public import Model

/// The devices of a simulation: invented ones, or those of a real fleet.
public struct SimulatedFleet: Hashable, Sendable {
    public let devices: [DeviceFacts]

    /// The most devices of one simulation.
    public static let maximumCount = 10_000_000

    /// - Precondition: At most ``maximumCount`` devices, no two with the same name.
    public init(_ devices: [DeviceFacts]) {
        precondition(devices.count <= Self.maximumCount, "a simulation has its limit")
        self.devices = devices
    }

    /// Invents devices `sim-0` and so on, all active, of one model, and running one release.
    ///
    /// - Parameter attributes: Drawn for each device, independently of each other.
    public init(
        inventing count: Int, hardware: HardwareModel, release: ReleaseID?,
        attributes: [InventedAttribute], using random: inout some RandomNumberGenerator
    ) {
        precondition((0...Self.maximumCount).contains(count), "a simulation has its limit")
        let lastSeen = Instant(secondsSinceEpoch: 0)
        var devices: [DeviceFacts] = []
        devices.reserveCapacity(count)
        for number in 0..<count {
            var values: [String: String] = [:]
            for attribute in attributes {
                values[attribute.name] = attribute.value(
                    at: Double(random.next() >> 11) * 0x1p-53)
            }
            guard let id = DeviceID("sim-\(number)"), let checked = try? Attributes(values) else {
                preconditionFailure("invented names and values obey the rules")
            }
            devices.append(
                DeviceFacts(
                    id: id, hardware: hardware, release: release, image: nil, attributes: checked,
                    lastSeen: lastSeen))
        }
        self.devices = devices
    }

    /// A place in a stable order that stands for SHA-256(salt ‖ device id) in a simulation.
    ///
    /// It is spread as evenly, but is not the place that a server would compute.
    public static func bucket(of device: DeviceID, salt: UInt64) -> Bucket {
        let hash = device.text.utf8.reduce(14_695_981_039_346_656_037 ^ salt) {
            ($0 ^ UInt64($1)) &* 1_099_511_628_211
        }
        let value = SeededGenerator.mixed(hash)
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) }
        guard let digest = Digest(bytes: bytes + Array(repeating: 0, count: 24)) else {
            preconditionFailure("8 and 24 bytes are a digest")
        }
        return Bucket(digest)
    }
}

/// An attribute of invented devices, and how often each of its values occurs.
public struct InventedAttribute: Hashable, Sendable {
    public let name: String
    private let values: [String]
    /// The share of devices with this value or one before it, in any unit; rising.
    private let shares: [Double]

    /// Returns `nil` for what is no attribute, without a value, or with a share that is not positive.
    ///
    /// - Parameter values: Each with its share; the shares need not sum up to 1.
    public init?(_ name: String, values: [(value: String, share: Double)]) {
        guard !values.isEmpty, values.allSatisfy({ $0.share > 0 && $0.share.isFinite }),
            values.allSatisfy({ (try? Attributes([name: $0.value])) != nil })
        else { return nil }
        self.name = name
        self.values = values.map(\.value)
        var sum = 0.0
        shares = values.map { one in
            sum += one.share
            return sum
        }
    }

    /// Values `prefix-0` and so on, all equally frequent; `nil` for what is no attribute.
    public init?(_ name: String, prefix: String, count: Int) {
        guard count >= 1 else { return nil }
        self.init(name, values: (0..<count).map { ("\(prefix)-\($0)", 1) })
    }

    /// The value at this place, from 0 to 1, when devices stand in order of their values.
    func value(at place: Double) -> String {
        let total = shares.last ?? 0
        let index = shares.firstIndex { place * total < $0 } ?? values.count - 1
        return values[index]
    }
}
