public import Model

/// A rollout as its author meant it: a ``RolloutFile`` that has passed every check.
public struct RolloutSpec: Hashable, Sendable {
    public let name: RolloutName
    public let release: ReleaseID
    public let selector: Selector
    /// 1 to 32, each reaching further than the one before it.
    public let waves: [WaveSpec]
    public let gate: GateSpec
    public let limits: LimitsSpec
    public let retries: RetryPolicy
    public let priority: RolloutPriority
    public let supersedes: SupersedeRule
    public let failureAction: FailureAction
    /// The release that a revert goes back to; `nil` for the one that most devices came from.
    public let revertTo: ReleaseID?
    /// How long after its start the rollout ends by itself; longer than all its soaks together.
    public let lifetime: Duration
    /// How long after an offer somebody at the device may put off the restart; at least zero.
    public let deferFor: Duration

    /// - Parameter cohorts: What `cohort("…")` stands for in the file's selectors.
    /// - Throws: ``RolloutFileError`` for the first member that breaks a rule.
    public init(
        _ file: RolloutFile, cohorts: CohortSource = .refused
    ) throws(RolloutFileError) {
        let check = RolloutFileCheck(file: file, cohorts: cohorts)
        name = try check.name()
        release = try check.release()
        selector = try check.selector()
        waves = try check.waves()
        gate = try check.gate()
        limits = try check.limits()
        retries = try check.retries()
        priority = try check.priority(of: waves)
        supersedes = try check.supersedes()
        failureAction = try check.failureAction()
        revertTo = try check.revertTo()
        lifetime = try check.lifetime(of: waves)
        deferFor = try check.deferFor()
    }
}

/// One wave of a rollout: how far it reaches and how long it has to stay healthy.
public struct WaveSpec: Hashable, Sendable {
    /// Unique in its rollout; 1 to 64 bytes without control characters.
    public let name: String
    public let target: Target
    public let soak: Duration
    /// Whether somebody other than the author has to approve before the next wave opens.
    public let needsApproval: Bool
    /// How fast leases of the rollout may be taken while this wave is the open one; `nil` for any.
    public let rate: RateCurve?

    /// How far a wave reaches, earlier waves included.
    public enum Target: Hashable, Sendable {
        /// `count` devices, 1 to 10,000, spread over the values of at most 8 `strata`.
        ///
        /// A stratum is an attribute, or a built-in word of ``Selector``.
        case sample(count: Int, strata: [String])
        /// A share of all devices that the selector picks.
        case percent(Percentage)
        /// Those of the rollout's devices that this selector picks, too.
        case devices(Selector)
        /// At most 10,000 devices by name, sorted.
        case list([DeviceID])
    }
}
