import Telemetry
import Testing

/// OTLP's JSON, letter by letter.
@Suite struct OTLPTests {
    static let otlp = OTLP(service: "s", version: "1", instance: "i\u{1}\"\\ö")
    static let head =
        #"{"attributes":[{"key":"service.name","value":{"stringValue":"s"}},"#
        + #"{"key":"service.version","value":{"stringValue":"1"}},"#
        + #"{"key":"service.instance.id","value":{"stringValue":"i\u0001\"\\ö"}}]}"#

    @Test func writesSpans() throws {
        let context = try #require(
            TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        let span = Span(
            context: context, parent: 0xab, name: "GET /x", kind: .server,
            startUnixNanoseconds: 1_764_187_200_000_000_001,
            endUnixNanoseconds: 1_764_187_200_000_000_002,
            attributes: [.text("a", "b"), .number("n", 200)], isError: true)
        let text = String(decoding: Self.otlp.request([span]), as: UTF8.self)
        #expect(
            text == #"{"resourceSpans":[{"resource":\#(Self.head),"scopeSpans":[{"scope":"#
                + #"{"name":"slipway","version":"1"},"spans":[{"#
                + #""traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","#
                + #""parentSpanId":"00000000000000ab","name":"GET /x","kind":2,"#
                + #""startTimeUnixNano":"1764187200000000001","#
                + #""endTimeUnixNano":"1764187200000000002","attributes":["#
                + #"{"key":"a","value":{"stringValue":"b"}},{"key":"n","value":{"intValue":"200"}}],"#
                + #""status":{"code":2}}]}]}]}"#)
    }

    @Test func writesMetrics() {
        let text = String(
            decoding: Self.otlp.request(ExpositionTests.families, since: 1, now: 2), as: UTF8.self)
        #expect(
            text.contains(
                #"{"name":"a_total","description":"Says \"a\\b\"\u000ain two lines.","unit":"1","#
                    + #""sum":{"dataPoints":[{"attributes":[{"key":"name","value":{"stringValue":"#
                    + #""x\"y\\z\u000a"}},{"key":"of","value":{"stringValue":"1"}}],"#
                    + #""startTimeUnixNano":"1","timeUnixNano":"2","asDouble":3}"#))
        #expect(text.contains(#""aggregationTemporality":2,"isMonotonic":true"#))
        #expect(
            text.contains(
                #""unit":"s","histogram":{"dataPoints":[{"attributes":[],"startTimeUnixNano":"1","#
                    + #""timeUnixNano":"2","count":"4","sum":7.65,"bucketCounts":["2","1","1"],"#
                    + #""explicitBounds":[0.1,1]}],"aggregationTemporality":2}"#))
        #expect(text.contains(#""asDouble":"Infinity""#))
        #expect(text.contains(#""asDouble":"NaN""#))
        #expect(!text.contains("Nothing is known"))
    }
}
