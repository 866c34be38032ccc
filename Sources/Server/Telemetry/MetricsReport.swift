public import Logging
public import Orchestrator
public import Telemetry

/// All metrics of a server, for whoever scrapes it or is sent them.
public struct MetricsReport: Sendable {
    private let metrics: ServerMetrics
    private let watch: FleetWatch
    private let machine: @Sendable () -> [MetricFamily]

    /// - Parameter machine: What the executable knows of the process and its disks.
    public init(
        _ orchestrator: Orchestrator, _ observatory: Observatory, logger: Logger,
        machine: @escaping @Sendable () -> [MetricFamily]
    ) {
        metrics = observatory.metrics
        watch = FleetWatch(orchestrator, observatory, logger: logger)
        self.machine = machine
    }

    public func families() async -> [MetricFamily] {
        let state = await watch.families()
        return (metrics.sources.map(\.family) + state + machine()).sorted {
            $0.description.name < $1.description.name
        }
    }
}
