/// OpenTelemetry's protocol over HTTP with JSON (OTLP 1.x, `ExportTraceServiceRequest` and
/// `ExportMetricsServiceRequest`).
///
/// Ids are hexadecimal, kinds are numbers, and 64-bit numbers are strings, as the specification
/// asks for where it differs from the JSON of protocol buffers.
public struct OTLP: Sendable {
    private let resource: OTLPValue
    private let version: String

    /// - Parameter instance: What tells this server from others of the same service.
    public init(service: String, version: String, instance: String) {
        self.version = version
        resource = .members([
            (
                "attributes",
                .list([
                    Self.attribute("service.name", .text(service)),
                    Self.attribute("service.version", .text(version)),
                    Self.attribute("service.instance.id", .text(instance)),
                ])
            )
        ])
    }

    private static func attribute(_ key: String, _ value: OTLPValue) -> OTLPValue {
        .members([("key", .text(key)), ("value", .members([("stringValue", value)]))])
    }

    private var scope: OTLPValue {
        .members([("name", .text("slipway")), ("version", .text(version))])
    }

    public func request(_ spans: [Span]) -> [UInt8] {
        let all = OTLPValue.members([
            ("scope", scope), ("spans", .list(spans.map { Self.span($0) })),
        ])
        return OTLPValue.members([
            (
                "resourceSpans",
                .list([.members([("resource", resource), ("scopeSpans", .list([all]))])])
            )
        ]).bytes
    }

    /// - Parameters:
    ///   - start: Since when counters count.
    ///   - now: When the numbers were read; both in nanoseconds since 1970.
    public func request(_ families: [MetricFamily], since start: UInt64, now: UInt64) -> [UInt8] {
        let metrics = families.filter { !$0.samples.isEmpty }.map {
            Self.metric($0, since: start, now: now)
        }
        let all = OTLPValue.members([("scope", scope), ("metrics", .list(metrics))])
        return OTLPValue.members([
            (
                "resourceMetrics",
                .list([.members([("resource", resource), ("scopeMetrics", .list([all]))])])
            )
        ]).bytes
    }

    // MARK: Traces

    private static func span(_ span: Span) -> OTLPValue {
        var members: [(String, OTLPValue)] = [
            ("traceId", .text(span.context.traceID)), ("spanId", .text(span.context.spanID)),
        ]
        if let parent = span.parent {
            members.append(("parentSpanId", .text(HexDigits.of(parent))))
        }
        members += [
            ("name", .text(span.name)), ("kind", .small(span.kind.rawValue)),
            ("startTimeUnixNano", .long(span.startUnixNanoseconds)),
            ("endTimeUnixNano", .long(span.endUnixNanoseconds)),
            ("attributes", .list(span.attributes.map { attribute($0) })),
        ]
        // 2 is STATUS_CODE_ERROR; what went well is left unset, as the specification asks.
        if span.isError { members.append(("status", .members([("code", .small(2))]))) }
        return .members(members)
    }

    private static func attribute(_ attribute: Span.Attribute) -> OTLPValue {
        switch attribute {
        case .text(let key, let text): self.attribute(key, .text(text))
        case .number(let key, let number):
            .members([
                ("key", .text(key)), ("value", .members([("intValue", .text("\(number)"))])),
            ])
        }
    }

    // MARK: Metrics

    private static func metric(
        _ family: MetricFamily, since start: UInt64, now: UInt64
    ) -> OTLPValue {
        let description = family.description
        let points = OTLPValue.list(
            family.samples.map { point($0, description.labels, since: start, now: now) })
        // 2 is AGGREGATION_TEMPORALITY_CUMULATIVE.
        let (kind, data): (String, [(String, OTLPValue)]) =
            switch description.kind {
            case .counter:
                ("sum", [("aggregationTemporality", .small(2)), ("isMonotonic", .flag(true))])
            case .gauge: ("gauge", [])
            case .histogram: ("histogram", [("aggregationTemporality", .small(2))])
            }
        return .members([
            ("name", .text(description.name)), ("description", .text(description.help)),
            ("unit", .text(unit(of: description.name))),
            (kind, .members([("dataPoints", points)] + data)),
        ])
    }

    /// In UCUM, which OpenTelemetry asks for.
    private static func unit(of name: String) -> String {
        let stem = name.hasSuffix("_total") ? name.dropLast("_total".count) : name[...]
        if stem.hasSuffix("_seconds") { return "s" }
        return stem.hasSuffix("_bytes") ? "By" : "1"
    }

    private static func point(
        _ sample: MetricFamily.Sample, _ labels: [String], since start: UInt64, now: UInt64
    ) -> OTLPValue {
        let attributes = zip(labels, sample.labelValues).map { attribute($0, .text($1)) }
        let common: [(String, OTLPValue)] = [
            ("attributes", .list(attributes)), ("startTimeUnixNano", .long(start)),
            ("timeUnixNano", .long(now)),
        ]
        switch sample.value {
        case .number(let number): return .members(common + [("asDouble", .real(number))])
        case .histogram(let histogram):
            return .members(
                common + [
                    ("count", .long(histogram.count)), ("sum", .real(histogram.sum)),
                    ("bucketCounts", .list(histogram.counts.map { .long($0) })),
                    ("explicitBounds", .list(histogram.upperBounds.map { .real($0) })),
                ])
        }
    }
}
