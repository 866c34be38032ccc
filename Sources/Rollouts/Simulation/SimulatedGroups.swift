internal import Model

/// Which devices share values that limits ask about, found out once for all runs.
struct SimulatedGroups: Sendable {
    /// One for each limit; those of shares first.
    private(set) var memberships: [Membership] = []
    private(set) var groupCount = 0
    /// For each group, how many active devices it has.
    private(set) var members: [Int] = []
    /// For each group, how many leases it may hold at once.
    private(set) var places: [Int] = []

    struct Membership: Sendable {
        let attribute: String
        let isShare: Bool
        /// For each device its group, or -1.
        var groups: [Int]
    }

    init(of devices: [DeviceFacts], limits: LimitsSpec) {
        for limit in limits.shares {
            let first = groupCount
            add(limit.attribute, isShare: true, devices)
            places += members[first...].map { limit.places(members: $0) }
        }
        for limit in limits.apart {
            let first = groupCount
            add(limit.attribute, isShare: false, devices)
            places += members[first...].map { _ in 1 }
        }
    }

    private mutating func add(_ attribute: String, isShare: Bool, _ devices: [DeviceFacts]) {
        var numbers: [String: Int] = [:]
        var groups: [Int] = []
        groups.reserveCapacity(devices.count)
        for device in devices {
            guard let value = device.attributes[attribute] else {
                groups.append(-1)
                continue
            }
            let group = numbers[value] ?? groupCount
            if group == groupCount {
                numbers[value] = group
                groupCount += 1
                members.append(0)
            }
            if device.isActive { members[group] += 1 }
            groups.append(group)
        }
        memberships.append(Membership(attribute: attribute, isShare: isShare, groups: groups))
    }
}
