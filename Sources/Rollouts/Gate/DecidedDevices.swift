internal import Model

/// One value of one attribute, such as `board_revision` = `C`, and so the devices that have it.
public struct Stratum: Hashable, Sendable {
    public let attribute: String
    public let value: String

    public init(attribute: String, value: String) {
        self.attribute = attribute
        self.value = value
    }

    /// By their bytes, as databases compare: two spellings of one text are two values.
    public static func == (one: Stratum, other: Stratum) -> Bool {
        one.attribute.utf8.elementsEqual(other.attribute.utf8)
            && one.value.utf8.elementsEqual(other.value.utf8)
    }

    /// Whether the device is one of its devices.
    public func holds(_ device: DeviceFacts) -> Bool {
        device.attributes[attribute]?.utf8.elementsEqual(value.utf8) ?? false
    }
}

extension Stratum: Comparable {
    public static func < (left: Stratum, right: Stratum) -> Bool {
        guard left.attribute.utf8.elementsEqual(right.attribute.utf8) else {
            return left.attribute.utf8.lexicographicallyPrecedes(right.attribute.utf8)
        }
        return left.value.utf8.lexicographicallyPrecedes(right.value.utf8)
    }
}

extension Stratum: CustomStringConvertible {
    /// A value that is no name is quoted, so that it cannot pass for a part of the sentence.
    public var description: String {
        "\(attribute) \(NameRule(value)?.text ?? Quotation.of(value))"
    }
}

/// How many devices have proven a release, and how many have failed.
public struct DecidedCount: Hashable, Sendable {
    public let proven: Int
    public let failed: Int

    public var decided: Int { proven + failed }

    public init(proven: Int, failed: Int) {
        precondition(proven >= 0 && failed >= 0, "devices are counted from 0")
        self.proven = proven
        self.failed = failed
    }

    /// - Precondition: `part` is a part of these devices.
    func without(_ part: DecidedCount) -> DecidedCount {
        DecidedCount(proven: proven - part.proven, failed: failed - part.failed)
    }
}

/// The decided devices of a rollout, all together and by stratum.
///
/// A device counts in `total`, and in one stratum of each attribute at most. What was forgiven, and
/// the devices of strata that were named before, count nowhere.
public struct DecidedDevices: Hashable, Sendable {
    public let total: DecidedCount
    public let strata: [Stratum: DecidedCount]

    /// - Precondition: No stratum has more devices than there are.
    public init(total: DecidedCount, strata: [Stratum: DecidedCount]) {
        precondition(
            strata.values.allSatisfy { $0.proven <= total.proven && $0.failed <= total.failed },
            "a stratum is a part of the devices")
        self.total = total
        self.strata = strata
    }

    /// The devices outside the strata that were found here; what the gate goes on with.
    ///
    /// - Precondition: `findings` come from one look at these devices.
    public func excluding(_ findings: [StratumFinding]) -> DecidedCount {
        findings.reduce(total) { $0.without($1.devices) }
    }
}
