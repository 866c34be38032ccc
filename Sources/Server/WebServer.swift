public import Hummingbird
public import Logging
public import Orchestrator
internal import JSON
internal import Model
internal import NIOCore
internal import Telemetry
internal import Wire

/// The server's face to the network.
public enum WebServer {
    /// What is known of one request.
    public struct Context: RequestContext {
        public var coreContext: CoreRequestContextStorage
        /// By what name the logs know the request; `nil` where nobody watches.
        var requestID: Telemetry.RequestID?
        /// Who asks, once their token was checked.
        var principal: Principal?
        /// The other end of the connection.
        let peer: SocketAddress?
        /// Of the connection.
        let eventLoop: any EventLoop
        /// Whether the connection was made on this machine, by whomever for whomever.
        let comesFromLoopback: Bool
        /// Where the request comes from; `nil` for what a trusted proxy asks for itself.
        var visitor: Visitor?

        public init(source: ApplicationRequestContextSource) {
            coreContext = CoreRequestContextStorage(source: source)
            peer = source.channel.remoteAddress
            eventLoop = source.channel.eventLoop
            comesFromLoopback = peer?.ipAddress.map(Loopback.holds) ?? false
        }

        /// - Throws: ``Refusal/stranger(_:)`` on a way that no token guards.
        func requirePrincipal() throws(Refusal) -> Principal {
            guard let principal else { throw .stranger("nobody has shown a token") }
            return principal
        }

        /// - Throws: As ``requirePrincipal()`` does.
        func requireOperator() throws(Refusal) -> OperatorName { try requirePrincipal().name }
    }

    /// Serves `orchestrator` at `host` and `port`.
    ///
    /// - Parameters:
    ///   - repositoryPath: The folder with `metadata` and `targets`.
    ///   - edge: How the server meets the network.
    ///   - monitoring: How the server is seen from outside.
    ///   - whenListening: Called once, with the real port.
    public static func application(
        _ orchestrator: Orchestrator, repositoryPath: String, host: String, port: Int,
        edge: Edge, logger: Logger, monitoring: Monitoring? = nil,
        whenListening: @escaping @Sendable (Int) async -> Void
    ) -> some ApplicationProtocol {
        let callers = CallerLimits(edge.limits, now: edge.now)
        let limiting = LimitingCallers(limits: callers, proxies: edge.proxies)
        return Application(
            router: router(
                orchestrator, repositoryPath: repositoryPath, limiting, monitoring),
            server: edge.server(callers),
            configuration: edge.configuration(host: host, port: port),
            onServerRunning: { channel in
                await whenListening(channel.localAddress?.port ?? port)
            },
            logger: logger)
    }

    private static func router(
        _ orchestrator: Orchestrator, repositoryPath: String, _ limiting: LimitingCallers,
        _ monitoring: Monitoring?
    ) -> Router<Context> {
        let router = routes(
            orchestrator, repositoryPath: repositoryPath, limiting, monitoring: monitoring)
        router.answerOtherMethods()
        return router
    }

    /// All routes that do something; also what tests look at.
    static func routes(
        _ orchestrator: Orchestrator, repositoryPath: String, _ limiting: LimitingCallers? = nil,
        monitoring: Monitoring? = nil
    ) -> Router<Context> {
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: LeavingEventLoop())
        if let monitoring { router.add(middleware: Observing(monitoring.observatory)) }
        if let limiting { router.add(middleware: limiting) }
        router.add(middleware: Answering())
        if let monitoring { MetricsRoute(monitoring, orchestrator).add(to: router) }
        RepositoryRoutes(
            folder: repositoryPath, links: ImageLinks(orchestrator: orchestrator)
        ).add(to: router)
        router.get("healthz") { _, context in
            do { try await orchestrator.checkHealth() } catch {
                context.logger.error("not healthy", metadata: ["reason": "\(error)"])
                return context.error(
                    "the database does not answer", status: .serviceUnavailable,
                    headers: [.retryAfter: "5"])
            }
            return Response(bytes: JSONValue.object(["status": "ok"]).compactBytes)
        }
        let checkIns = CheckInRoute(
            orchestrator: orchestrator, observatory: monitoring?.observatory)
        router.post("device/v1/check-in") { try await checkIns.answer($0, $1) }
        router.get("api/v1/openapi.json") { _, _ in Response(bytes: OpenAPIDocument.bytes) }
        let management = router.group("api/v1").add(
            middleware: WhoMay(orchestrator: orchestrator)
        ).add(middleware: KnownParameters())
        ManagementRoutes(
            orchestrator: orchestrator,
            streams: StreamPlaces(shownBy: monitoring?.observatory.metrics.eventStreams[])
        ).add(to: management)
        AccessRoutes(orchestrator: orchestrator).add(to: management)
        return router
    }
}
