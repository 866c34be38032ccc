internal import Model

/// The attributes in whose values failures are looked for, fixed before the first report.
///
/// An attribute with too many values, such as a serial number, tells nothing and would only make
/// evidence harder to come by.
public struct AttributionScope: Hashable, Sendable {
    /// Sorted; empty when nothing is looked for.
    public let attributes: [String]
    /// How many pairs of these attributes and their values the devices have.
    public let pairCount: Int

    /// The most values of an attribute that is looked at.
    public static let maximumValueCount = 50

    public static let nothing = AttributionScope(attributes: [], pairCount: 0)

    /// As it was stored.
    public init(attributes: [String], pairCount: Int) {
        self.attributes = attributes
        self.pairCount = pairCount
    }
}

/// The values of each attribute, of devices that stream by.
struct AttributeValues {
    private var values: [String: Values] = [:]

    /// - Parameter device: One that the rollout may reach.
    mutating func count(_ device: DeviceFacts) {
        for (name, value) in device.attributes.values { values[name, default: Values()].add(value) }
    }

    var scope: AttributionScope {
        let counts = values.mapValues(\.count).filter { $0.value >= 2 }
        return AttributionScope(
            attributes: counts.keys.sorted(), pairCount: counts.values.reduce(0, +))
    }

    /// The values of one attribute, or none once there are too many.
    ///
    /// Looking through a few short texts is faster than hashing one, and there are few.
    private struct Values {
        private var texts: [String] = []
        private var areTooMany = false

        var count: Int { texts.count }

        mutating func add(_ value: String) {
            guard !areTooMany, !texts.contains(value) else { return }
            texts.append(value)
            guard texts.count > AttributionScope.maximumValueCount else { return }
            areTooMany = true
            texts = []
        }
    }
}
