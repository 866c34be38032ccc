/// Where in a trace something happens (W3C Trace Context).
public struct TraceContext: Hashable, Sendable {
    /// 128 bits, not all of them 0.
    public let traceHigh: UInt64
    public let traceLow: UInt64
    /// Not 0.
    public let span: UInt64
    /// Whether whoever began the trace records it.
    public let isSampled: Bool

    public init(traceHigh: UInt64, traceLow: UInt64, span: UInt64, isSampled: Bool) {
        precondition(span != 0 && (traceHigh | traceLow) != 0, "an id of a trace is not 0")
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.span = span
        self.isSampled = isSampled
    }

    /// Reads a `traceparent` header; `nil` for one that has to be ignored (section 3.2.2).
    ///
    /// A higher version than 00 may have more behind what is known.
    public init?(traceparent: String) {
        guard traceparent.utf8.count <= 256 else { return nil }
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].utf8.count == 2, parts[0] != "ff",
            parts[0] != "00" || parts.count == 4, Self.byte(parts[0]) != nil,
            parts[1].utf8.count == 32, let high = HexDigits.number(parts[1].prefix(16)),
            let low = HexDigits.number(parts[1].suffix(16)), (high | low) != 0,
            let span = HexDigits.number(parts[2]), span != 0, let flags = Self.byte(parts[3])
        else { return nil }
        self.init(traceHigh: high, traceLow: low, span: span, isSampled: flags & 1 == 1)
    }

    private static func byte(_ text: Substring) -> UInt8? {
        guard text.utf8.count == 2,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return UInt8(text, radix: 16)
    }

    public var traceparent: String {
        "00-\(traceID)-\(HexDigits.of(span))-\(isSampled ? "01" : "00")"
    }

    public var traceID: String { HexDigits.of(traceHigh) + HexDigits.of(traceLow) }
    var spanID: String { HexDigits.of(span) }
}
