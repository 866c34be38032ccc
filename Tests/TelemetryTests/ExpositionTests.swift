import Telemetry
import Testing

/// Metrics as Prometheus reads them.
@Suite struct ExpositionTests {
    static let families: [MetricFamily] = [
        MetricFamily(
            MetricDescription(
                "a_total", .counter, "Says \"a\\b\"\nin two lines.", labels: ["name", "of"]),
            [
                MetricFamily.Sample(["x\"y\\z\n", "1"], .number(3)),
                MetricFamily.Sample(["", "2"], .number(0.5)),
            ]),
        MetricFamily(
            MetricDescription("b_seconds", .histogram(upperBounds: [0.1, 1]), "Takes long."),
            [MetricFamily.Sample([], .histogram(observed))]),
        MetricFamily(MetricDescription("c", .gauge, "Nothing is known."), []),
        MetricFamily(MetricDescription("d", .gauge, "Endless."), .infinity),
        MetricFamily(MetricDescription("e", .gauge, "Large."), 1_764_187_200),
        MetricFamily(MetricDescription("f", .gauge, "None."), .nan),
    ]

    static var observed: HistogramCount {
        var count = HistogramCount(upperBounds: [0.1, 1])
        for seconds in [0.05, 0.1, 0.5, 7] { count.observe(seconds) }
        return count
    }

    @Test func writesTheTextFormat() {
        let text = String(decoding: Exposition.text.write(Self.families), as: UTF8.self)
        #expect(
            text == #"""
                # HELP a_total Says "a\\b"\nin two lines.
                # TYPE a_total counter
                a_total{name="x\"y\\z\n",of="1"} 3
                a_total{name="",of="2"} 0.5
                # HELP b_seconds Takes long.
                # TYPE b_seconds histogram
                b_seconds_bucket{le="0.1"} 2
                b_seconds_bucket{le="1.0"} 3
                b_seconds_bucket{le="+Inf"} 4
                b_seconds_sum 7.65
                b_seconds_count 4
                # HELP d Endless.
                # TYPE d gauge
                d +Inf
                # HELP e Large.
                # TYPE e gauge
                e 1764187200
                # HELP f None.
                # TYPE f gauge
                f NaN

                """#)
    }

    @Test func writesOpenMetrics() {
        let text = String(decoding: Exposition.openMetrics.write(Self.families), as: UTF8.self)
        #expect(text.hasPrefix("# HELP a Says \\\"a\\\\b\\\"\\nin two lines.\n# TYPE a counter\n"))
        #expect(text.contains("\na_total{name=\"\",of=\"2\"} 0.5\n"))
        #expect(text.hasSuffix("f NaN\n# EOF\n"))
    }

    @Test(arguments: [
        ("application/openmetrics-text", Exposition.openMetrics),
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4",
            .openMetrics
        ),
        ("text/plain, application/openmetrics-text; q=0", .text), ("*/*", .text), ("", .text),
    ])
    func answersInTheFormatThatIsAskedFor(accept: String, format: Exposition) {
        #expect(Exposition(accept: accept) == format)
        #expect(Exposition(accept: nil) == .text)
    }
}
