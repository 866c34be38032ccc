import Telemetry
import Testing

/// Traces and how they travel.
@Suite struct TraceTests {
    static let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func readsAndWritesTheHeaderOfTheSpecification() throws {
        let context = try #require(TraceContext(traceparent: Self.header))
        #expect(context.isSampled)
        #expect(context.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(context.traceparent == Self.header)
        // A later version may say more.
        let later = try #require(TraceContext(traceparent: "cc\(Self.header.dropFirst(2))-what"))
        #expect(later.span == context.span)
    }

    /// W3C Trace Context, section 3.2.2.
    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333é-01",
    ])
    func ignoresAHeaderThatIsNone(header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }

    static let clock = TelemetryClock(
        monotonicNanoseconds: { 5_000_000_000 }, unixNanoseconds: { 1_764_187_200_000_000_000 })

    @Test func partsBelongToTheWhole() throws {
        let parent = try #require(TraceContext(traceparent: Self.header))
        let trace = Trace("GET", .server, parent: parent, clock: Self.clock) { 7 }
        trace.add("store read", since: 4_000_000_000)
        for _ in 0..<1000 { trace.add("store write", since: 5_000_000_000, isError: true) }

        let spans = trace.finish(name: "GET /x", attributes: [.number("n", 1)], isError: false)

        #expect(spans.count == 1 + Trace.maximumPartCount)
        #expect(spans[0].name == "GET /x")
        #expect(spans[0].parent == parent.span)
        #expect(Set(spans.map(\.context.traceID)) == [parent.traceID])
        #expect(Set(spans.map(\.context.span)).count == spans.count)
        #expect(spans.dropFirst().allSatisfy { $0.parent == spans[0].context.span })
        #expect(spans[1].startUnixNanoseconds == 1_764_187_199_000_000_000)
        #expect(spans[1].endUnixNanoseconds == 1_764_187_200_000_000_000)
    }

    @Test func anOrphanBeginsItsOwnTrace() {
        let trace = Trace("GET", .server, parent: nil, clock: Self.clock) { 0 }
        #expect(trace.context.span != 0)
        #expect(TraceContext(traceparent: trace.context.traceparent) == trace.context)
    }
}
