public import Orchestrator
internal import Telemetry

/// What the server counts while it works.
public struct ServerMetrics: Sendable {
    let requests = Labelled<Histogram>(
        MetricDescription(
            "slipway_http_request_duration_seconds", .latency,
            "Until the head of the answer was ready; no route means that nothing is there.",
            labels: ["route", "method", "status"]))
    let requestsInFlight = Labelled<Gauge>(
        MetricDescription(
            "slipway_http_requests_in_flight", .gauge, "Requests that have no answer yet."))
    let checkIns = Labelled<Histogram>(
        MetricDescription(
            "slipway_check_in_duration_seconds", .latency,
            "Check-ins by what the device was told, or by why it was refused.",
            labels: ["result"]))
    let transactions = Labelled<Histogram>(
        MetricDescription(
            "slipway_store_duration_seconds", .latency,
            "Transactions of the store with the time that they waited for their turn.",
            labels: ["kind", "result"]))
    let transactionsInFlight = Labelled<Gauge>(
        MetricDescription(
            "slipway_store_waiting", .gauge,
            "Transactions that have begun or wait for their turn, which is the queue's depth.",
            labels: ["kind"]))
    let signatureChecks = Labelled<Histogram>(
        MetricDescription(
            "slipway_signature_check_duration_seconds", .latency,
            "Checks of signatures, those of metadata included.", labels: ["result"]))
    let steps = Labelled<Histogram>(
        MetricDescription(
            "slipway_step_duration_seconds", .latency,
            "What the server does by itself: noting that it is there, stepping rollouts with"
                + " their gates, and signing metadata anew.",
            labels: ["part", "result"]))
    let lastStep = Labelled<Gauge>(
        MetricDescription(
            "slipway_step_last_timestamp_seconds", .gauge,
            "When this server last stepped all rollouts; 0 before the first time."))
    let steppingHolder = Labelled<Gauge>(
        MetricDescription(
            "slipway_stepping_holder", .gauge,
            "1 while this server is the one that steps rollouts, asks outside checks and delivers"
                + " events."))
    let steppingEpoch = Labelled<Gauge>(
        MetricDescription(
            "slipway_stepping_epoch", .gauge,
            "The number of the lease by which this server stepped last; 0 before the first time. It"
                + " rises each time that another server takes over."))
    let webHookDeliveries = Labelled<Counter>(
        MetricDescription(
            "slipway_webhook_deliveries_total", .counter,
            "Tries of this server to tell a web hook of an event, by what came of them.",
            labels: ["result"]))
    let eventStreams = Labelled<Gauge>(
        MetricDescription(
            "slipway_event_streams_open", .gauge,
            "Clients that follow the event stream; a server has 64 places."))
    let logLines = Labelled<Counter>(
        MetricDescription(
            "slipway_log_lines_total", .counter, "Lines of the log.", labels: ["level"]))
    let stateReadErrors = Labelled<Counter>(
        MetricDescription(
            "slipway_state_read_errors_total", .counter,
            "Looks at the fleet for the other metrics that failed; those are absent then."))

    /// Every series whose labels are known beforehand is there from the start, so that a rate over
    /// it sees the first event.
    public init() {
        for result in CheckInOutcome.allCases.map(\.rawValue) + RefusalWord.all {
            _ = checkIns[result]
        }
        for kind in TransactionKind.allCases {
            _ = transactionsInFlight[kind.rawValue]
            for result in TransactionKind.results { _ = transactions[kind.rawValue, result] }
        }
        for result in ["valid", "invalid"] { _ = signatureChecks[result] }
        for part in StepPart.allCases {
            for result in ["ok", "error"] { _ = steps[part.rawValue, result] }
        }
        for result in DeliveryWord.all { _ = webHookDeliveries[result] }
        for level in ["warning", "error", "critical"] { _ = logLines[level] }
    }

    var sources: [any MetricSource] {
        [
            requests, requestsInFlight, checkIns, transactions, transactionsInFlight,
            signatureChecks, steps, lastStep, steppingHolder, steppingEpoch, webHookDeliveries,
            eventStreams, logLines, stateReadErrors,
        ]
    }

    /// Counts a delivery to a web hook.
    public func countDelivery(_ outcome: WebHookOutcome) {
        webHookDeliveries[DeliveryWord.of(outcome)].add()
    }

    /// Counts a line of the log.
    public func countLogLine(level: String) { logLines[level].add() }
}

/// What a server does by itself.
public enum StepPart: String, Hashable, Sendable, CaseIterable {
    case beat
    case step
    case metadata
}

enum TransactionKind: String, Hashable, Sendable, CaseIterable {
    case read
    case write

    static let results = [
        "ok", "refused", "busy", "full", "conflict", "unreachable", "failed",
    ]
}

/// One word for what came of a delivery.
enum DeliveryWord {
    static let all = ["delivered", "refused", "failed"]

    static func of(_ outcome: WebHookOutcome) -> String {
        switch outcome {
        case .delivered: "delivered"
        case .refused: "refused"
        case .failed: "failed"
        }
    }
}

/// One word for each kind of refusal.
enum RefusalWord {
    static let all = [
        "malformed", "stranger", "forbidden", "unknown", "conflict", "outdated", "invalid",
        "too_long", "too_many", "checksum", "busy", "full", "unreachable", "failed",
    ]

    static func of(_ refusal: Refusal) -> String {
        switch refusal {
        case .malformed: "malformed"
        case .stranger: "stranger"
        case .forbidden: "forbidden"
        case .unknown: "unknown"
        case .conflict: "conflict"
        case .outdated: "outdated"
        case .invalid: "invalid"
        case .tooLong: "too_long"
        case .tooMany: "too_many"
        case .checksum: "checksum"
        case .store(.busy), .store(.conflict): "busy"
        case .store(.full): "full"
        case .store(.unreachable): "unreachable"
        case .store(.foreign), .store(.failed), .signing: "failed"
        }
    }
}
