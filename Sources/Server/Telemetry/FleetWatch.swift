internal import Logging
internal import Orchestrator
internal import Telemetry

/// Looks at the fleet for whoever scrapes, and remembers what it saw for a while.
///
/// A look reads every device once. So it is taken at most every ``shortestPause``, and so seldom
/// that it takes no more than a hundredth of the time, however large the fleet and however often
/// somebody scrapes.
actor FleetWatch {
    private let orchestrator: Orchestrator
    private let observatory: Observatory
    private let logger: Logger
    private var seen: [MetricFamily] = []
    /// In monotonic nanoseconds.
    private var nextLook: UInt64 = 0
    private var isLooking = false

    static let shortestPause = Duration.seconds(15)
    /// How many times as long as a look took it rests.
    private static let restFactor: UInt64 = 99

    private static let duration = MetricDescription(
        "slipway_state_read_duration_seconds", .gauge,
        "How long the last look at the fleet took; it is renewed at most every 15 s, and rests 99"
            + " times as long as it took.")
    private static let moment = MetricDescription(
        "slipway_state_read_timestamp_seconds", .gauge,
        "When the fleet was last looked at for these metrics.")

    init(_ orchestrator: Orchestrator, _ observatory: Observatory, logger: Logger) {
        self.orchestrator = orchestrator
        self.observatory = observatory
        self.logger = logger
    }

    /// What was seen last; nothing when the last look failed, for old numbers would be taken for
    /// new ones.
    func families() async -> [MetricFamily] {
        guard !isLooking, observatory.clock.monotonicNanoseconds() >= nextLook else { return seen }
        isLooking = true
        defer { isLooking = false }
        let start = observatory.clock.monotonicNanoseconds()
        do {
            let state = try await orchestrator.fleetState()
            let metadata = try await orchestrator.metadataState()
            seen = FleetMetrics.families(state, metadata)
        } catch {
            logger.error("the fleet cannot be looked at", metadata: ["reason": "\(error)"])
            observatory.metrics.stateReadErrors[].add()
            seen = []
        }
        let end = observatory.clock.monotonicNanoseconds()
        let pause = UInt64(Self.shortestPause.components.seconds) * 1_000_000_000
        nextLook = end &+ max(pause, (end &- start) &* Self.restFactor)
        guard !seen.isEmpty else { return [] }
        seen += [
            MetricFamily(Self.duration, Double(end &- start) / 1e9),
            MetricFamily(
                Self.moment, (Double(observatory.clock.unixNanoseconds()) / 1e9).rounded(.down)),
        ]
        return seen
    }
}
