internal import Logging
internal import Server
internal import ServiceLifecycle
internal import Telemetry

/// Sends spans and metrics to the OTLP endpoint; what it cannot send, it counts and forgets.
struct OTLPService: Service {
    let sender: OTLPSender
    let otlp: OTLP
    let figures: OTLPFigures
    let report: MetricsReport
    let startUnixNanoseconds: UInt64
    let clock: TelemetryClock
    let logger: Logger

    private static let period = Duration.seconds(2)
    /// Metrics go with every so many looks at the queue of spans.
    private static let looksPerMetrics = 15
    private static let spansPerRequest = 512
    private static let tries = 4
    private static let timeout = Duration.seconds(10)
    private static let longestPause = 30
    /// For all that is left when the server stops.
    private static let lastTimeout = Duration.seconds(2)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var look = 0
            while !Task.isCancelled {
                await sendSpans(tries: Self.tries)
                // Not at once: a look at the fleet is kept for a while, and it has only begun.
                look += 1
                if look % Self.looksPerMetrics == 0 { await sendMetrics(tries: Self.tries) }
                try? await Task.sleep(for: Self.period)
            }
        }
        await sendSpans(tries: 1)
        await sendMetrics(tries: 1)
    }

    private func sendSpans(tries: Int) async {
        while true {
            let spans = figures.spans.take(atMost: Self.spansPerRequest)
            guard !spans.isEmpty else { return }
            if await send(.traces, otlp.request(spans), tries: tries) { continue }
            figures.lostSpans[].add(spans.count)
            return
        }
    }

    private func sendMetrics(tries: Int) async {
        let body = otlp.request(
            await report.families(), since: startUnixNanoseconds, now: clock.unixNanoseconds())
        _ = await send(.metrics, body, tries: tries)
    }

    /// Returns whether the endpoint took it.
    private func send(_ signal: OTLPSender.Signal, _ body: [UInt8], tries: Int) async -> Bool {
        for number in 1...tries {
            let timeout = tries == 1 ? Self.lastTimeout : Self.timeout
            let result = await sender.send(signal, body, within: timeout)
            figures.requests[signal.rawValue, result.word].add()
            let pause: Int
            switch result {
            case .taken: return true
            case .refused(let status):
                logger.warning(
                    "the OTLP endpoint refuses what it is sent",
                    metadata: ["signal": "\(signal.rawValue)", "status": "\(status)"])
                return false
            case .later(let seconds): pause = seconds ?? 1 << (number - 1)
            case .unreachable(let reason):
                pause = 1 << (number - 1)
                logger.debug("the OTLP endpoint is away", metadata: ["reason": "\(reason)"])
            }
            guard number < tries, !Task.isCancelled else { break }
            try? await Task.sleep(for: .seconds(min(max(pause, 1), Self.longestPause)))
        }
        logger.warning(
            "the OTLP endpoint cannot be reached; what it was to be sent is lost",
            metadata: ["signal": "\(signal.rawValue)"])
        return false
    }
}
