internal import Foundation
internal import Hummingbird
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import NIOSSL
internal import Wire

/// Watches one connection: cuts it when it is slow, answers what is no HTTP, and hangs up politely.
///
/// Stands between the HTTP decoder and whoever answers. One timer is kept for a connection, and moved
/// only when it goes off, so that a request costs none.
final class RequestWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limits: EdgeLimits
    private let place: ConnectionRegister.Place
    /// Told what goes wrong on the connection; `nil` for one of a trusted proxy.
    private let visitor: Visitor?

    private var times: RequestTimes
    private var alarm: (at: NIODeadline, task: Scheduled<Void>)?
    /// Set once the connection only waits for the client to have read the last answer.
    private var hangUpAt: NIODeadline?
    private var discardedByteCount = 0
    /// The connection is closed.
    private var isOver = false
    /// The last answer ends before its request did.
    private var endsEarly = false

    /// So long, and for so many bytes, a client is listened to that was answered already: closing
    /// with something unread would take the answer away from it.
    private static let hangUp = (time: TimeAmount.seconds(2), byteCount: 1 << 20)

    init(_ limits: EdgeLimits, _ place: ConnectionRegister.Place, _ visitor: Visitor?) {
        self.limits = limits
        self.place = place
        self.visitor = visitor
        times = RequestTimes(limits, now: .now())
    }

    func handlerAdded(context: ChannelHandlerContext) { setAlarm(context) }

    func handlerRemoved(context: ChannelHandlerContext) { stopAlarm() }

    func channelInactive(context: ChannelHandlerContext) {
        stopAlarm()
        context.fireChannelInactive()
    }

    private func stopAlarm() {
        isOver = true
        alarm?.task.cancel()
        alarm = nil
    }

    // MARK: What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = Self.unwrapInboundIn(data)
        guard hangUpAt == nil else { return discard(part, context) }
        switch part {
        case .head:
            if times.isWaiting { place.isBusy() }
            times.head(at: .now())
        case .body(let bytes): times.body(byteCount: bytes.readableBytes, at: .now())
        case .end:
            times.end(at: .now())
            if times.isWaiting { place.waits() }
        }
        setAlarm(context)
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        times.hasRead()
        context.fireChannelReadComplete()
        if hangUpAt != nil { context.read() }
    }

    func read(context: ChannelHandlerContext) {
        if times.isReadingBody {
            times.wantsMore(at: .now())
            setAlarm(context)
        }
        context.read()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case ByteToMessageDecoderError.dataReceivedInErrorState(_, let bytes):
            discardedByteCount += bytes.readableBytes
            if discardedByteCount > Self.hangUp.byteCount { context.close(promise: nil) }
        // Behind an answer that is still owed, it is for whoever owes that to say.
        case is HTTPParserError where hangUpAt == nil && !mayAnswer:
            context.fireErrorCaught(error)
        case HTTPParserError.headerOverflow:
            answerGarbage(context, .requestHeaderFieldsTooLarge, "the head is too long")
        case is HTTPParserError: answerGarbage(context, .badRequest, "this is not HTTP")
        case NIOSSLError.handshakeFailed:
            visitor.map { $0.limits.noteFailure(at: $0.address) }
            context.fireErrorCaught(error)
        default: context.fireErrorCaught(error)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed where hangUpAt != nil: context.close(promise: nil)
        case is ChannelShouldQuiesceEvent:
            let channel = context.channel
            _ = context.eventLoop.scheduleTask(in: .seconds(Int64(limits.shutdownSeconds))) {
                channel.close(promise: nil)
            }
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: What goes

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard hangUpAt == nil else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch Self.unwrapOutboundIn(data) {
        case .head(var head):
            times.answerBegins()
            head.headerFields.sayWhenToComeBack(after: head.status)
            // What is refused is not read to its end.
            endsEarly = times.isReadingBody && head.status.code >= 400
            if endsEarly { head.headerFields[.connection] = "close" }
            context.write(Self.wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            times.answerEnds(at: .now())
            context.write(data, promise: promise)
            if endsEarly && times.isReadingBody { return hangUp(context) }
            if times.isWaiting { place.waits() }
            setAlarm(context)
        }
    }

    // MARK: Answers of its own

    private func answerGarbage(
        _ context: ChannelHandlerContext, _ status: HTTPResponse.Status, _ reason: String
    ) {
        guard hangUpAt == nil else { return }
        guard let visitor else { return answer(context, status, reason) }
        do {
            try visitor.limits.admit(nil, from: visitor.address)
            visitor.limits.noteFailure(at: visitor.address)
            answer(context, status, reason)
        } catch {
            let (status, headers) = error.answer
            answer(context, status, "\(error)", headers)
        }
    }

    /// Whether no other answer is owed before one to what comes now.
    private var mayAnswer: Bool {
        !times.isAnswering && times.openRequestCount <= (times.isReadingBody ? 1 : 0)
    }

    /// The last answer on this connection.
    private func answer(
        _ context: ChannelHandlerContext, _ status: HTTPResponse.Status, _ reason: String,
        _ headers: HTTPFields = [:]
    ) {
        let body = ErrorAnswer(error: reason).bytes
        var headers = headers
        headers[.contentType] = "application/json"
        headers[.contentLength] = "\(body.count)"
        headers[.connection] = "close"
        let head = HTTPResponse(status: status, headerFields: headers)
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(Self.wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
        context.write(Self.wrapOutboundOut(.end(nil)), promise: nil)
        hangUp(context)
    }

    /// Says that no more comes, and waits a moment for the client to say the same.
    private func hangUp(_ context: ChannelHandlerContext) {
        hangUpAt = .now() + Self.hangUp.time
        context.flush()
        context.close(mode: .output, promise: nil)
        setAlarm(context)
        context.read()
    }

    private func discard(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head, .end: return
        case .body(let bytes): discardedByteCount += bytes.readableBytes
        }
        if discardedByteCount > Self.hangUp.byteCount { context.close(promise: nil) }
    }

    // MARK: Time

    private func setAlarm(_ context: ChannelHandlerContext) {
        guard !isOver, let deadline = hangUpAt ?? times.deadline else { return }
        if let alarm {
            guard deadline < alarm.at else { return }
            alarm.task.cancel()
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(deadline: deadline) {
            let (watch, context) = bound.value
            watch.alarm = nil
            watch.look(context)
        }
        alarm = (deadline, task)
    }

    private func look(_ context: ChannelHandlerContext) {
        guard let deadline = hangUpAt ?? times.deadline else { return }
        guard deadline <= .now() else { return setAlarm(context) }
        guard hangUpAt == nil else { return context.close(promise: nil) }
        switch times.lateness {
        // Not 408: it would be taken for the answer to what the client is about to ask.
        case .silent: context.close(promise: nil)
        case .slowBody where !mayAnswer: context.close(promise: nil)
        case .slowBody:
            answer(
                context, .requestTimeout, "the body came too slowly", [.retryAfter: "1"])
        case .unanswered:
            answer(
                context, .serviceUnavailable, "the server could not answer in time",
                [.retryAfter: "10"])
        }
    }
}

@available(*, unavailable)
extension RequestWatch: Sendable {}
