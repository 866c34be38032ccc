internal import Logging
internal import Orchestrator
internal import Server
internal import ServiceLifecycle

/// Looks at rollouts and at the age of the metadata, again and again.
struct SteppingService: Service {
    let orchestrator: Orchestrator
    let observatory: Observatory
    let period: Duration
    let logger: Logger

    /// How often the age of the metadata is looked at: it lasts hours at least, and all of it is
    /// verified each time.
    private static let refreshPeriod = Duration.seconds(5)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var nextBeat = ContinuousClock.now
            var nextRefresh = nextBeat
            while !Task.isCancelled {
                do {
                    if ContinuousClock.now >= nextBeat {
                        try await observatory.measure(.beat, orchestrator.beat)
                        nextBeat = .now + Orchestrator.heartbeatPeriod
                    }
                    try await observatory.measure(.step, orchestrator.step)
                    if ContinuousClock.now >= nextRefresh {
                        try await observatory.measure(.metadata, orchestrator.refreshMetadata)
                        nextRefresh = .now + Self.refreshPeriod
                    }
                } catch {
                    // A full disk or a locked database may be mended while the server runs on.
                    logger.error("step failed", metadata: ["reason": "\(error)"])
                }
                try? await Task.sleep(for: period)
            }
        }
    }
}
