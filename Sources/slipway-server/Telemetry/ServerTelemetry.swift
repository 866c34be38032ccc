import Foundation
internal import Logging
internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Server
internal import Telemetry

/// What the server is seen by from outside, put together from its settings.
struct ServerTelemetry: Sendable {
    let observatory: Observatory
    private let settings: ServerSettings
    private let startUnixNanoseconds: UInt64
    private let exporting: OTLPFigures?

    /// Spans that may wait: a minute of a busy server's, some megabytes.
    private static let waitingSpans = 4096

    private static let clock = TelemetryClock(
        monotonicNanoseconds: { DispatchTime.now().uptimeNanoseconds },
        unixNanoseconds: { UInt64(max(0, Date().timeIntervalSince1970) * 1e9) })

    init(_ settings: ServerSettings) {
        let spans =
            settings.otlpEndpoint == nil ? nil : BoundedQueue<Span>(capacity: Self.waitingSpans)
        observatory = Observatory(
            clock: Self.clock, metrics: ServerMetrics(), spans: spans,
            sampledPart: settings.otlpSample, random: { UInt64.random(in: 0 ... .max) })
        self.settings = settings
        startUnixNanoseconds = Self.clock.unixNanoseconds()
        exporting = spans.map { OTLPFigures(spans: $0) }
    }

    /// All that is logged from now on goes to standard error in the format of the settings.
    func bootstrapLogging() {
        let metrics = observatory.metrics
        let format = settings.logFormat
        LoggingSystem.bootstrap { label in
            LineLogHandler(
                label: label, format: format, count: { metrics.countLogLine(level: "\($0)") },
                unixNanoseconds: Self.clock.unixNanoseconds,
                // Nobody can be told of a log that cannot be written.
                write: { try? FileHandle.standardError.write(contentsOf: Data($0)) })
        }
    }

    func report(
        _ orchestrator: Orchestrator, _ folder: DataFolder, logger: Logger
    ) -> MetricsReport {
        let process = ProcessFigures(startUnixNanoseconds: startUnixNanoseconds)
        let disks = DiskFigures(
            database: folder.database, folder: folder.folder, repository: folder.repository)
        let exporting = exporting
        return MetricsReport(orchestrator, observatory, logger: logger) {
            process.families + disks.families + (exporting?.families ?? [])
        }
    }

    /// `nil` when no endpoint is set.
    func exporter(_ report: MetricsReport, logger: Logger) throws(ServerProblem) -> OTLPService? {
        guard let exporting else { return nil }
        let instance = "\(ProcessInfo.processInfo.hostName)-\(UInt32.random(in: 0 ... .max))"
        return OTLPService(
            sender: try OTLPSender(settings),
            otlp: OTLP(
                service: "slipway-server", version: ProgramVersion.text, instance: instance),
            figures: exporting, report: report, startUnixNanoseconds: startUnixNanoseconds,
            clock: Self.clock, logger: logger)
    }
}
