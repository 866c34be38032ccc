/// What no moment of a rollout may exceed (promise P4).
public struct LimitsSpec: Hashable, Sendable {
    /// The most devices that may hold a lease of the rollout at once; 1 to 1,000,000.
    public let concurrent: Int
    /// Among all leases, whatever rollout they belong to; at most 8, sorted by attribute.
    public let shares: [ShareLimit]
    /// Among all leases, whatever rollout they belong to; at most 8.
    public let apart: [NeverTogether]
    /// `nil` for always.
    public let window: MaintenanceWindow?
    /// `nil` for any number of bytes.
    public let egress: EgressBudget?

    /// The attributes whose values decide who may hold a lease beside whom.
    public var attributes: Set<String> { Set(shares.map(\.attribute) + apart.map(\.attribute)) }
}
