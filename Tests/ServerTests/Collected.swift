/// OTLP's JSON as its schema has it: what has another type is not read.
struct CollectedTraces: Decodable {
    let resourceSpans: [Resource]

    struct Resource: Decodable {
        let scopeSpans: [Scope]
    }

    struct Scope: Decodable {
        let spans: [CollectedSpan]
    }
}

struct CollectedSpan: Decodable {
    let traceId: String
    let spanId: String
    let parentSpanId: String?
    let name: String
    let kind: Int
    let startTimeUnixNano: String
    let endTimeUnixNano: String
    let attributes: [CollectedAttribute]

    var start: UInt64 { UInt64(startTimeUnixNano) ?? 0 }
    var end: UInt64 { UInt64(endTimeUnixNano) ?? 0 }

    func text(_ key: String) -> String? { attributes.first { $0.key == key }?.value.stringValue }
    func number(_ key: String) -> String? { attributes.first { $0.key == key }?.value.intValue }
}

struct CollectedAttribute: Decodable {
    let key: String
    let value: Value

    struct Value: Decodable {
        let stringValue: String?
        let intValue: String?
    }
}

struct CollectedMetrics: Decodable {
    let resourceMetrics: [Resource]

    struct Resource: Decodable {
        let scopeMetrics: [Scope]
    }

    struct Scope: Decodable {
        let metrics: [Metric]
    }

    struct Metric: Decodable {
        let name: String
        let histogram: Histogram?
    }

    struct Histogram: Decodable {
        let dataPoints: [Point]
        let aggregationTemporality: Int
    }

    struct Point: Decodable {
        let count: String
        let sum: Double
        let bucketCounts: [String]
        let explicitBounds: [Double]
        let timeUnixNano: String
    }
}
