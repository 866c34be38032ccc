public import Model

/// Where the fleet stands at one moment, in numbers that stay few however many devices there are.
public struct FleetState: Hashable, Sendable {
    public var devices: DeviceCensus
    public var leases: LeaseCensus
    /// How many rollouts are in each state, by its word; states without one are absent.
    public var rolloutCounts: [String: Int]
    /// The newest rollouts that have not ended, at most ``maximumRolloutCount``.
    public var rollouts: [RolloutStanding]
    public var releaseCount: Int
    public var imageCount: Int
    public var webHooks: WebHookCensus
    /// When a server last noted that it was there; `nil` before the first time.
    public var heartbeat: Instant?

    public static let maximumRolloutCount = 50
    /// The words of the states that a rollout can be in.
    public static let states = RolloutStateWord.allCases.map(\.rawValue)
}

/// How many devices there are of each kind.
public struct DeviceCensus: Hashable, Sendable {
    /// By lifecycle; all of them are there.
    public var counts: [DeviceRecord.Lifecycle: Int]
    /// Active devices that were not heard of since a moment.
    public var overdue: Int
    /// Active devices that an operator lets nothing be installed on.
    public var held: Int
    /// Active devices that get no offers because they kept failing.
    public var quarantined: Int
    /// Active devices for which somebody has shown another key.
    public var askingForKey: Int

    public init(
        counts: [DeviceRecord.Lifecycle: Int], overdue: Int, held: Int, quarantined: Int,
        askingForKey: Int
    ) {
        self.counts = counts
        self.overdue = overdue
        self.held = held
        self.quarantined = quarantined
        self.askingForKey = askingForKey
    }
}

/// How many leases are held.
public struct LeaseCensus: Hashable, Sendable {
    /// By rollout; those without one are absent.
    public var open: [RolloutName: Int]
    /// Those that should have ended by now, and that nobody has looked at yet.
    public var lapsed: Int

    public init(open: [RolloutName: Int], lapsed: Int) {
        self.open = open
        self.lapsed = lapsed
    }
}

/// How far the web hooks have been told.
public struct WebHookCensus: Hashable, Sendable {
    public var count: Int
    /// Those whose address did not take the newest delivery.
    public var failing: Int
    /// Events that wait for a web hook; of each, those among the ``horizon`` events that follow what
    /// it was told last.
    public var waiting: Int
    public var deadLetters: Int

    /// Nobody reads through all that happened while an address was away for weeks.
    public static let horizon = 10_000

    public init(count: Int, failing: Int, waiting: Int, deadLetters: Int) {
        self.count = count
        self.failing = failing
        self.waiting = waiting
        self.deadLetters = deadLetters
    }
}

/// Where one rollout stands.
public struct RolloutStanding: Hashable, Sendable {
    public var name: RolloutName
    /// One of ``FleetState/states``.
    public var state: String
    /// `operator`, `failures`, `class` or `check`; `nil` unless it is paused.
    public var pauseReason: String?
    /// From 0; `nil` when no wave is open or was when it paused.
    public var wave: Int?
    /// When the open wave opened, and when it has soaked; `nil` unless it runs.
    public var opened: Instant?
    public var soaked: Instant?
    /// Whether the open wave needs an approval that nobody has given yet.
    public var lacksApproval: Bool
    public var waves: [WaveStanding]
    /// What its gate counts; `nil` when its plan cannot be read.
    public var evidence: GateEvidence?
}

/// How the devices of one wave stand that no earlier wave has.
public struct WaveStanding: Hashable, Sendable {
    /// From 0.
    public var wave: Int
    /// Of this wave and those before it, at planning, without those that left the fleet since and
    /// had proven nothing.
    public var planned: Int
    public var tally: WaveTally
}

/// What a gate decides by.
public struct GateEvidence: Hashable, Sendable {
    public var proven: Int
    /// Of the classes that are counted together.
    public var failed: Int
    /// Natural logarithms of likelihood ratios; see `GateSpec`.
    public var harm: Double
    public var health: Double
    public var sufficient: Double
}

/// Questions about the fleet as a whole.
public protocol FleetReader {
    /// - Parameter silentSince: Active devices not heard of since then are overdue.
    func deviceCensus(silentSince: Instant) throws -> DeviceCensus
    func leaseCensus(at now: Instant) throws -> LeaseCensus
    /// By the word for the state; states without one are absent.
    func rolloutCounts() throws -> [String: Int]
    /// The newest that have not ended.
    func underWayRollouts(limit: Int) throws -> [RolloutName]
    func releaseCount() throws -> Int
    func imageCount() throws -> Int
    func webHookCensus() throws -> WebHookCensus
}
