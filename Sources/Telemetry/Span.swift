internal import Synchronization

/// One piece of work in a trace, once it is over.
public struct Span: Hashable, Sendable {
    public var context: TraceContext
    /// The span that it is a part of; `nil` for one that began its trace.
    public var parent: UInt64?
    public var name: String
    public var kind: Kind
    public var startUnixNanoseconds: UInt64
    public var endUnixNanoseconds: UInt64
    public var attributes: [Attribute]
    public var isError: Bool

    public init(
        context: TraceContext, parent: UInt64?, name: String, kind: Kind,
        startUnixNanoseconds: UInt64, endUnixNanoseconds: UInt64, attributes: [Attribute],
        isError: Bool
    ) {
        self.context = context
        self.parent = parent
        self.name = name
        self.kind = kind
        self.startUnixNanoseconds = startUnixNanoseconds
        self.endUnixNanoseconds = endUnixNanoseconds
        self.attributes = attributes
        self.isError = isError
    }

    /// The numbers are those of OTLP.
    public enum Kind: Int, Hashable, Sendable {
        case `internal` = 1
        case server = 2
        case client = 3
    }

    public enum Attribute: Hashable, Sendable {
        case text(String, String)
        case number(String, Int)
    }
}

/// A trace that is recorded while a request is answered.
///
/// Whoever works for the request finds it as ``current`` and adds what they did.
public final class Trace: Sendable {
    @TaskLocal public static var current: Trace?

    public let context: TraceContext
    private let parent: UInt64?
    private let name: String
    private let kind: Span.Kind
    private let clock: TelemetryClock
    private let startNanoseconds: UInt64
    private let startUnixNanoseconds: UInt64
    private let parts = Mutex<[Span]>([])

    /// The most parts of one trace; what comes later is not recorded.
    public static let maximumPartCount = 64

    /// Begins now.
    ///
    /// - Parameters:
    ///   - parent: Where in a trace the caller is; `nil` begins a trace.
    ///   - random: Gives bits that no other trace has.
    public init(
        _ name: String, _ kind: Span.Kind, parent: TraceContext?, clock: TelemetryClock,
        random: () -> UInt64
    ) {
        let span = max(1, random())
        context = TraceContext(
            traceHigh: parent?.traceHigh ?? max(1, random()),
            traceLow: parent?.traceLow ?? random(), span: span, isSampled: true)
        self.parent = parent?.span
        self.name = name
        self.kind = kind
        self.clock = clock
        startNanoseconds = clock.monotonicNanoseconds()
        startUnixNanoseconds = clock.unixNanoseconds()
    }

    /// Adds work that began at `start`, in monotonic nanoseconds, and has just ended.
    public func add(_ name: String, since start: UInt64, isError: Bool = false) {
        let end = unix(clock.monotonicNanoseconds())
        parts.withLock { parts in
            guard parts.count < Self.maximumPartCount else { return }
            // Made from the parent's: unique within the trace, which is all that is asked of it.
            let id = max(1, context.span &+ UInt64(parts.count + 1))
            parts.append(
                Span(
                    context: TraceContext(
                        traceHigh: context.traceHigh, traceLow: context.traceLow, span: id,
                        isSampled: true),
                    parent: context.span, name: name, kind: .internal,
                    startUnixNanoseconds: unix(start), endUnixNanoseconds: end, attributes: [],
                    isError: isError))
        }
    }

    /// Everything that was recorded, the whole first; ends now.
    public func finish(
        name: String? = nil, attributes: [Span.Attribute], isError: Bool
    ) -> [Span] {
        let whole = Span(
            context: context, parent: parent, name: name ?? self.name, kind: kind,
            startUnixNanoseconds: startUnixNanoseconds,
            endUnixNanoseconds: unix(clock.monotonicNanoseconds()), attributes: attributes,
            isError: isError)
        return [whole] + parts.withLock { $0 }
    }

    /// Spans are placed by the clock that does not step.
    private func unix(_ nanoseconds: UInt64) -> UInt64 {
        startUnixNanoseconds &+ (nanoseconds &- startNanoseconds)
    }
}
