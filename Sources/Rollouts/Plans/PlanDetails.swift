public import Model

/// What an operator wants to know of a plan besides whom its waves reach.
public struct PlanDetails: Hashable, Sendable {
    /// How many devices could take the release, whether a wave reaches them or not.
    public let candidateCount: Int
    /// As many as the plan has.
    public let waves: [WaveDetails]
    /// The devices that are no candidates, by the first reason; in the order of the reasons.
    public let excluded: [ExcludedDevices]
    public let wayBack: WayBack
    /// What limits mean for these devices: who waits for whom, and who for ever; a clause each.
    public let ruleNotes: [String]

    /// What all waves send, in bytes; at most `Int64.max`.
    public var byteCount: Int64 {
        waves.reduce(0) { sum, wave in
            let (sum, overflow) = sum.addingReportingOverflow(wave.byteCount)
            return overflow ? .max : sum
        }
    }

    /// How many candidates no wave reaches.
    public var unreachedCount: Int { waves.reduce(candidateCount) { $0 - $1.addedCount } }
}

/// What one wave adds to those before it.
public struct WaveDetails: Hashable, Sendable {
    public let name: String
    /// The devices that no earlier wave reaches.
    public let addedCount: Int
    /// The lengths of the images of these devices together; at most `Int64.max`.
    public let byteCount: Int64
    /// One for each stratum of a sample, in the order of the file; empty for other waves.
    public let coverage: [StratumCoverage]
}

/// The devices that cannot take a release for one reason.
public struct ExcludedDevices: Hashable, Sendable {
    public let kind: Ineligibility.Kind
    public private(set) var deviceCount = 0
    /// The first of them by name, sorted; at most ``maximumCount``.
    public private(set) var examples: [DeviceID] = []

    /// The most examples.
    public static let maximumCount = 10

    init(kind: Ineligibility.Kind) { self.kind = kind }

    mutating func add(_ device: DeviceID) {
        deviceCount += 1
        if examples.count == Self.maximumCount {
            guard let last = examples.last, device < last else { return }
            examples.removeLast()
        }
        examples.insert(device, at: examples.firstIndex { device < $0 } ?? examples.endIndex)
    }
}

extension WaveDetails: CustomStringConvertible {
    /// One clause for an operator.
    public var description: String {
        "wave \(Quotation.of(name)) adds \(addedCount) devices, which download \(byteCount) bytes"
    }
}

extension ExcludedDevices: CustomStringConvertible {
    /// One clause for an operator.
    public var description: String {
        let rest = deviceCount - examples.count
        return "\(deviceCount) \(kind): " + examples.map(\.text).joined(separator: ", ")
            + (rest > 0 ? " and \(rest) more" : "")
    }
}
