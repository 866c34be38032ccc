internal import Model

/// What the limits of a rollout mean for its candidates: who waits for whom, and who for ever.
struct RuleReach {
    /// The attribute that tells a device's time zone, where the window goes by it.
    private let zoneAttribute: String?
    private var withoutZone: [DeviceID] = []
    private var withoutZoneCount = 0
    /// For each never-together rule, how many candidates have each value.
    private var groups: [(attribute: String, sizes: [String: Int], withoutValue: Int)]

    init(_ limits: LimitsSpec) {
        zoneAttribute = limits.window?.zoneAttribute
        groups = limits.apart.map { ($0.attribute, [:], 0) }
    }

    mutating func count(_ device: DeviceFacts) {
        for index in groups.indices {
            if let value = device.attributes[groups[index].attribute] {
                groups[index].sizes[value, default: 0] += 1
            } else {
                groups[index].withoutValue += 1
            }
        }
        guard let zoneAttribute, device.attributes[zoneAttribute] == nil else { return }
        withoutZoneCount += 1
        if withoutZone.count < ExcludedDevices.maximumCount { withoutZone.append(device.id) }
    }

    /// - Throws: ``PlanError/windowNeverOpens(attribute:)`` when it would open for no candidate.
    func check(candidates: Int) throws(PlanError) {
        guard let zoneAttribute, candidates > 0, withoutZoneCount == candidates else { return }
        throw .windowNeverOpens(attribute: zoneAttribute)
    }

    /// A clause for each rule that somebody should know of.
    var notes: [String] {
        var notes = groups.map { group in
            let largest = group.sizes.values.max() ?? 0
            return "never together by \(group.attribute): at most \(largest) devices share a value"
                + " and go one after another; \(group.withoutValue) have none and wait for nobody"
        }
        if let zoneAttribute, withoutZoneCount > 0 {
            let rest = withoutZoneCount - withoutZone.count
            notes.append(
                "\(withoutZoneCount) devices never get it, because they have no attribute"
                    + " \(zoneAttribute) that tells when their window opens: "
                    + withoutZone.map(\.text).joined(separator: ", ")
                    + (rest > 0 ? " and \(rest) more" : ""))
        }
        return notes
    }
}
