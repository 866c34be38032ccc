internal import EventLoops
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTPTypes
internal import NIOSSL

/// HTTP/1.1 of clients whom nobody trusts: TLS where it is wanted, and bounds on everything.
struct GuardedChannel: ServerChildChannel, HTTPChannelHandler {
    typealias Value = HTTP1Channel.Value

    let responder: HTTPChannelHandler.Responder
    let edge: Edge
    let limits: CallerLimits
    let register: ConnectionRegister

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture { try self.guarded(channel) }.flatMap { http in
            http.setup(channel: channel, logger: logger)
        }
    }

    func handle(value: Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            await handleHTTP(asyncChannel: value, logger: logger)
        }
    }

    /// So many bytes may wait for a client that takes them slowly before no more are made, and so few
    /// must be left before more are.
    private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(
        low: 8 << 10, high: 16 << 10)

    /// Prepares the channel, and gives what speaks HTTP on it.
    private func guarded(_ channel: any Channel) throws -> HTTP1Channel {
        let pipeline = channel.pipeline.syncOperations
        let peer = channel.remoteAddress?.ipAddress.flatMap { NetworkAddress($0) }
        let stranger = peer.flatMap { edge.proxies.contains($0) ? nil : $0 }
        guard let place = register.enter(channel, from: stranger) else {
            try pipeline.addHandler(Refusing(isEncrypted: edge.credentials != nil))
            return HTTP1Channel(responder: responder)
        }
        channel.closeFuture.whenComplete { _ in place.leave() }
        try Self.watchReader(of: channel, seconds: edge.limits.stalledReaderSeconds)
        try channel.syncOptions?.setOption(.writeBufferWaterMark, value: Self.waterMark)
        if let credentials = edge.credentials {
            try pipeline.addHandler(NIOSSLServerHandler(context: credentials.context))
        }
        let visitor = stranger.map { Visitor(address: $0, limits: limits) }
        let bounds = edge.limits
        return HTTP1Channel(
            responder: responder,
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [RequestWatch(bounds, place, visitor)],
                httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                    maxHeaderFieldSize: bounds.headBytes, maxHeaderListSize: bounds.headBytes,
                    maxHeaderFieldCount: bounds.headerCount)))
    }

    /// Has the kernel cut a connection whose client acknowledges nothing, or has no room, for so long
    /// (tcp(7), `TCP_USER_TIMEOUT`); only the kernel sees the client take something.
    private static func watchReader(of channel: any Channel, seconds: Int) throws {
        let userTimeout = ChannelOptions.Types.SocketOption(
            level: .tcp, name: NIOBSDSocket.Option(rawValue: 18))
        try channel.syncOptions?.setOption(userTimeout, value: seconds * 1000)
    }
}

/// Tells a client that there is no room, and hangs up.
///
/// Under TLS it only hangs up: a handshake is what there is no room for.
private final class Refusing: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let isEncrypted: Bool

    private static let answer = """
        HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n\
        Connection: close\r\n\r\n
        """

    init(isEncrypted: Bool) { self.isEncrypted = isEncrypted }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        guard !isEncrypted else { return context.close(promise: nil) }
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: Self.answer)), promise: nil)
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        _ = context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }

    /// With its request unread, the client might lose the answer to it.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}

@available(*, unavailable)
extension Refusing: Sendable {}
