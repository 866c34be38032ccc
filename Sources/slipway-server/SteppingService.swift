internal import Logging
internal import Orchestrator
internal import Server
internal import ServiceLifecycle

/// Looks at rollouts, while this is the server that does, and at the age of the metadata, again and
/// again.
///
/// Every server looks at the metadata: whoever finds nothing to sign writes nothing, and the lock of
/// the repository's folder keeps them apart.
struct SteppingService: Service {
    let orchestrator: Orchestrator
    let seat: SteppingSeat
    let observatory: Observatory
    let period: Duration
    let logger: Logger

    /// How often the age of the metadata is looked at: it lasts hours at least, and all of it is
    /// verified each time.
    private static let refreshPeriod = Duration.seconds(5)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var lastBeat: (by: SteppingRight, at: ContinuousClock.Instant)?
            var nextRefresh = ContinuousClock.now
            while !Task.isCancelled {
                do {
                    if let right = seat.right {
                        if lastBeat.map({ Self.isOld($0, right) }) ?? true {
                            try await beat(by: right)
                            lastBeat = (right, .now)
                        }
                        try await step(by: right)
                    }
                    if ContinuousClock.now >= nextRefresh {
                        try await refresh()
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

    private static func isOld(
        _ beat: (by: SteppingRight, at: ContinuousClock.Instant), _ right: SteppingRight
    ) -> Bool {
        beat.by != right || ContinuousClock.now >= beat.at + Orchestrator.heartbeatPeriod
    }

    private func beat(by right: SteppingRight) async throws(Refusal) {
        try await observatory.measure(.beat) { () throws(Refusal) in
            try await orchestrator.beat(by: right)
        }
    }

    private func step(by right: SteppingRight) async throws(Refusal) {
        try await observatory.measure(.step) { () throws(Refusal) in
            try await orchestrator.step(by: right)
        }
    }

    private func refresh() async throws(Refusal) {
        try await observatory.measure(.metadata) { () throws(Refusal) in
            try await orchestrator.refreshMetadata()
            return true
        }
    }
}
