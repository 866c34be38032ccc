public import Orchestrator
public import Telemetry

/// Everything by which a server is seen from outside.
public struct Observatory: Sendable {
    public let clock: TelemetryClock
    public let metrics: ServerMetrics
    /// Where spans wait to be sent; `nil` when nobody wants them.
    public let spans: BoundedQueue<Span>?
    /// Of the requests that do not come from people, which part is traced; 0 to 1.
    let sampledPart: Double
    /// Bits that nobody has seen before.
    let random: @Sendable () -> UInt64

    public init(
        clock: TelemetryClock, metrics: ServerMetrics, spans: BoundedQueue<Span>?,
        sampledPart: Double, random: @escaping @Sendable () -> UInt64
    ) {
        self.clock = clock
        self.metrics = metrics
        self.spans = spans
        self.sampledPart = sampledPart
        self.random = random
    }

    /// A trace for a request to `path`; `nil` when it is not one of those that are traced.
    ///
    /// Only people's requests are all traced: whoever calls cannot make the server record more of
    /// the others, whatever their `traceparent` asks for, and can make it record less.
    func trace(_ method: String, path: String, traceparent: String?) -> Trace? {
        guard spans != nil else { return nil }
        let parent = traceparent.flatMap { TraceContext(traceparent: $0) }
        guard path.hasPrefix("/api/") || (parent?.isSampled ?? true && isPicked) else { return nil }
        return Trace(method, .server, parent: parent, clock: clock, random: random)
    }

    /// A trace for something that the server asks of others; `nil` when nothing is traced.
    public func trace(ofClient name: String) -> Trace? {
        guard spans != nil else { return nil }
        return Trace(name, .client, parent: nil, clock: clock, random: random)
    }

    private var isPicked: Bool {
        // 53 bits are all that a fraction of 1 can hold.
        Double(random() >> 11) < sampledPart * Double(1 << 53)
    }

    /// Measures one of the things that the server does by itself.
    ///
    /// - Parameter body: Returns whether it was still this server's to do.
    public func measure(
        _ part: StepPart, _ body: () async throws(Refusal) -> Bool
    ) async throws(Refusal) {
        let start = clock.monotonicNanoseconds()
        do {
            let isDone = try await body()
            metrics.steps[part.rawValue, "ok"].observe(clock.seconds(since: start))
            guard part == .step, isDone else { return }
            metrics.lastStep[].set((Double(clock.unixNanoseconds()) / 1e9).rounded(.down))
        } catch {
            metrics.steps[part.rawValue, "error"].observe(clock.seconds(since: start))
            throw error
        }
    }

    /// Notes by what this server steps just now; `nil` when another does.
    public func note(stepping right: SteppingRight?) {
        metrics.steppingHolder[].set(right == nil ? 0 : 1)
        if let right { metrics.steppingEpoch[].set(Double(right.epoch)) }
    }
}
