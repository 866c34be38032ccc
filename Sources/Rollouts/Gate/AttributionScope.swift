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

    /// - Parameter devices: Those that the rollout may reach.
    public init(of devices: some Sequence<DeviceFacts>) {
        var values: [String: Set<String>] = [:]
        for device in devices {
            // One more than allowed is kept, which tells that there are too many.
            for (name, value) in device.attributes.values
            where values[name, default: []].count <= Self.maximumValueCount {
                values[name, default: []].insert(value)
            }
        }
        let looked = values.filter { (2...Self.maximumValueCount).contains($0.value.count) }
        self.init(
            attributes: looked.keys.sorted(), pairCount: looked.values.reduce(0) { $0 + $1.count })
    }

    /// As it was stored.
    public init(attributes: [String], pairCount: Int) {
        self.attributes = attributes
        self.pairCount = pairCount
    }
}
