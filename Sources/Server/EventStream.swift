internal import Hummingbird
internal import Model
internal import Orchestrator
internal import ServiceLifecycle
internal import Synchronization
internal import Telemetry
internal import Wire

/// Tells one client what happens, as server-sent events (HTML Living Standard section 9.2).
///
/// The table of events is the queue: a client that reads slowly is told later, and costs no more
/// memory than one page. Each event has its number as its id, so that a client that was cut off
/// goes on after the last one that it has.
struct EventStream: AsyncSequence, Sendable {
    let orchestrator: Orchestrator
    let subject: EventSubject
    let beginning: Int64
    /// Whether whoever asked may still read it: a token may have been revoked meanwhile.
    let stillMay: @Sendable () async -> Bool
    /// Held as long as there is this value.
    let place: StreamPlace

    /// How long an event that another server stored may go unnoticed.
    private static let pollPeriod = Duration.seconds(1)
    /// At least this long between two looks, however much other news there is.
    private static let pause = Duration.milliseconds(50)
    /// How long a revoked token may go on reading.
    private static let trustPeriod = Duration.seconds(15)
    /// So many polls without an event make a comment, by which those between us know that we live.
    private static let pollsBetweenComments = 15

    func makeAsyncIterator() -> Iterator { Iterator(stream: self, last: beginning) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate let stream: EventStream
        fileprivate var last: Int64
        private var isBegun = false
        private var quietPolls = 0
        private var asked: Instant

        fileprivate init(stream: EventStream, last: Int64) {
            self.stream = stream
            self.last = last
            asked = stream.orchestrator.moment
        }

        /// The next events, or a comment when there are none for long; `nil` when the server stops.
        mutating func next() async throws -> ByteBuffer? {
            guard isBegun else {
                isBegun = true
                return ByteBuffer(string: ": events after \(last)\nretry: 2000\n\n")
            }
            let news = stream.orchestrator.news
            // Asked again at least once in each period, so that a server that stops waits no longer.
            while !Task.isShuttingDownGracefully, !Task.isCancelled {
                let now = stream.orchestrator.moment
                // A clock that was set back must not let anybody read on.
                if now < asked || now.elapsed(since: asked) >= EventStream.trustPeriod {
                    guard await stream.stillMay() else { return nil }
                    asked = now
                }
                let rings = news.rings
                let page = try await stream.orchestrator.events(
                    after: last, about: stream.subject, limit: Orchestrator.streamPageCount)
                if let newest = page.items.last {
                    last = newest.number
                    quietPolls = 0
                    return ByteBuffer(bytes: page.items.flatMap(EventStream.bytes))
                }
                await news.wait(after: rings, atMost: EventStream.pollPeriod)
                try? await Task.sleep(for: EventStream.pause)
                quietPolls += 1
                if quietPolls.isMultiple(of: EventStream.pollsBetweenComments) {
                    return ByteBuffer(string: ":\n\n")
                }
            }
            return nil
        }
    }

    /// JSON on one line has no line end that could begin another field.
    private static func bytes(of event: EventSummary) -> [UInt8] {
        Array("id: \(event.number)\ndata: ".utf8) + event.bytes + Array("\n\n".utf8)
    }
}

/// Counts the event streams that are open, so that they stay few.
final class StreamPlaces: Sendable {
    static let maximumCount = 64

    private let count = Mutex(0)
    /// Shows the count; `nil` where nobody watches.
    private let gauge: Gauge?

    init(shownBy gauge: Gauge?) { self.gauge = gauge }

    /// `nil` when all places are taken.
    func take() -> StreamPlace? {
        let isFree = count.withLock { count in
            guard count < Self.maximumCount else { return false }
            count += 1
            return true
        }
        guard isFree else { return nil }
        gauge?.add(1)
        return StreamPlace(of: self)
    }

    fileprivate func free() {
        count.withLock { $0 -= 1 }
        gauge?.add(-1)
    }
}

/// The place of one stream; free again once nobody holds it, whatever became of the stream.
final class StreamPlace: Sendable {
    private let places: StreamPlaces

    fileprivate init(of places: StreamPlaces) { self.places = places }

    deinit { places.free() }
}
