public import Model

/// What others have taken, counted in the transaction that is to take one more.
public struct LimitCounts: Hashable, Sendable {
    /// Open leases of the rollout.
    public var openLeases: Int
    /// Devices that have proven the release in the rollout.
    public var confirmed: Int
    /// Leases of the rollout within the unit of the open wave's rate, ended ones too.
    public var recentLeases: RecentUse?
    /// Bytes that the rollout has offered within the unit of its egress budget.
    public var recentBytes: RecentUse?
    /// By attribute: active devices with this device's value of it.
    public var members: [String: Int]
    /// By attribute: open leases of any rollout that were taken with this device's value of it.
    public var openWithValue: [String: Int]
    /// By attribute: another device that took an open lease with this device's value of it.
    public var holders: [String: DeviceID]

    public init(
        openLeases: Int, confirmed: Int = 0, recentLeases: RecentUse? = nil,
        recentBytes: RecentUse? = nil, members: [String: Int] = [:],
        openWithValue: [String: Int] = [:], holders: [String: DeviceID] = [:]
    ) {
        self.openLeases = openLeases
        self.confirmed = confirmed
        self.recentLeases = recentLeases
        self.recentBytes = recentBytes
        self.members = members
        self.openWithValue = openWithValue
        self.holders = holders
    }
}
