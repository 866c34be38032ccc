internal import Hummingbird
internal import Logging
internal import Orchestrator
internal import Telemetry

/// `POST /device/v1/check-in`, measured by what comes of it.
struct CheckInRoute {
    let orchestrator: Orchestrator
    let observatory: Observatory?

    func answer(_ request: Request, _ context: WebServer.Context) async throws -> Response {
        let start = observatory?.clock.monotonicNanoseconds() ?? 0
        do {
            let message = try await request.bytes(limitBytes: orchestrator.messageLimitBytes)
            let tell: @Sendable (CheckInOutcome) -> Void = { outcome in
                note(outcome.rawValue, since: start)
                self.tell(outcome, context.logger)
            }
            guard let visitor = context.visitor else {
                return Response(bytes: try await orchestrator.checkIn(message, note: tell))
            }
            return Response(
                bytes: try await visitor.checkIn(message, at: orchestrator, note: tell))
        } catch let refusal as Refusal {
            note(RefusalWord.of(refusal), since: start)
            throw refusal
        } catch let error as TooLong {
            note("too_long", since: start)
            throw error
        }
    }

    private func note(_ result: String, since start: UInt64) {
        guard let observatory else { return }
        observatory.metrics.checkIns[result].observe(observatory.clock.seconds(since: start))
    }

    /// Devices that have nothing to do come all the time; the log is for those that have.
    private func tell(_ outcome: CheckInOutcome, _ logger: Logger) {
        logger.log(
            level: outcome == .wait ? .debug : .info, "check-in answered",
            metadata: ["order": "\(outcome.rawValue)"])
    }
}
