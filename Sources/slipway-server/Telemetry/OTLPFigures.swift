internal import Server
internal import Telemetry

/// What became of what was to be sent.
struct OTLPFigures: Sendable {
    let spans: BoundedQueue<Span>
    let requests = Labelled<Counter>(
        MetricDescription(
            "slipway_otlp_requests_total", .counter,
            "Requests to the OTLP endpoint, each try by itself.", labels: ["signal", "result"]))
    /// Spans that were taken from the queue and that nobody took.
    let lostSpans = Labelled<Counter>(dropped)

    private static let dropped = MetricDescription(
        "slipway_otlp_dropped_spans_total", .counter,
        "Spans that nobody will see: the endpoint was too slow, away, or refused them.")
    private static let waiting = MetricDescription(
        "slipway_otlp_waiting_spans", .gauge, "Spans that wait to be sent.")

    init(spans: BoundedQueue<Span>) {
        self.spans = spans
        for signal in OTLPSender.Signal.allCases {
            for result in OTLPSender.Result.words { _ = requests[signal.rawValue, result] }
        }
    }

    var families: [MetricFamily] {
        var dropped = Double(spans.droppedCount)
        if case .number(let lost) = lostSpans[].value { dropped += lost }
        return [
            requests.family, MetricFamily(Self.dropped, dropped),
            MetricFamily(Self.waiting, Double(spans.count)),
        ]
    }
}
