internal import NIOCore

/// What one connection is waited for, and until when.
struct RequestTimes {
    private let limits: EdgeLimits
    /// When the last thing happened that the next deadline is counted from.
    private var since: NIODeadline
    /// Whether anything was answered on this connection.
    private var hasAnswered = false

    /// Heads that came and whose answers did not end.
    private(set) var openRequestCount = 0
    /// The last head came, and its end did not.
    private(set) var isReadingBody = false
    /// The answer to the oldest open request has begun.
    private(set) var isAnswering = false

    /// Since when the client is waited for to send more; `nil` while nobody wants more.
    private var waitsForClientSince: NIODeadline?
    /// How much longer the client may be waited for; more bytes earn more time.
    private var patience: TimeAmount

    init(_ limits: EdgeLimits, now: NIODeadline) {
        self.limits = limits
        since = now
        patience = .seconds(Int64(limits.bodySeconds))
    }

    /// Whether nothing is asked that is not answered.
    var isWaiting: Bool { openRequestCount == 0 && !isReadingBody }

    mutating func head(at now: NIODeadline) {
        openRequestCount += 1
        isReadingBody = true
        since = now
        waitsForClientSince = nil
        patience = .seconds(Int64(limits.bodySeconds))
    }

    mutating func body(byteCount: Int, at now: NIODeadline) {
        since = now
        if let waited = waitsForClientSince {
            patience = patience - (now - waited)
            waitsForClientSince = now
        }
        let earned = Int64(byteCount) * 1_000_000_000 / Int64(limits.bodyBytesPerSecond)
        patience = min(.seconds(Int64(limits.bodySeconds)), patience + .nanoseconds(earned))
    }

    mutating func end(at now: NIODeadline) {
        isReadingBody = false
        waitsForClientSince = nil
        since = now
    }

    /// The server wants to read more.
    mutating func wantsMore(at now: NIODeadline) {
        if isReadingBody, waitsForClientSince == nil { waitsForClientSince = now }
    }

    /// What was wanted has come.
    mutating func hasRead() { waitsForClientSince = nil }

    mutating func answerBegins() { isAnswering = true }

    mutating func answerEnds(at now: NIODeadline) {
        isAnswering = false
        hasAnswered = true
        openRequestCount = max(0, openRequestCount - 1)
        since = now
    }

    /// `nil` while the kernel watches over a client that takes its answer.
    var deadline: NIODeadline? {
        if isReadingBody, let waitsForClientSince { return waitsForClientSince + patience }
        if openRequestCount > 0 || isReadingBody {
            return isAnswering ? nil : since + .seconds(Int64(limits.answerSeconds))
        }
        return since + .seconds(Int64(hasAnswered ? limits.idleSeconds : limits.headSeconds))
    }

    enum Lateness: Hashable {
        /// No request, or no next one, came in time.
        case silent
        /// A body is not coming, or too slowly.
        case slowBody
        /// The server itself does not answer.
        case unanswered
    }

    var lateness: Lateness {
        if isWaiting { return .silent }
        return isReadingBody && waitsForClientSince != nil ? .slowBody : .unanswered
    }
}
