public import Hummingbird
public import Logging
public import Orchestrator
internal import JSON
internal import Model
internal import NIOCore
internal import Wire

/// The server's face to the network.
public enum WebServer {
    /// What is known of one request.
    public struct Context: RequestContext {
        public var coreContext: CoreRequestContextStorage
        /// Who asks, once their token was checked.
        var principal: Principal?
        /// The other end of the connection.
        let peer: SocketAddress?
        /// Where the request comes from; `nil` for what a trusted proxy asks for itself.
        var visitor: Visitor?

        public init(source: ApplicationRequestContextSource) {
            coreContext = CoreRequestContextStorage(source: source)
            peer = source.channel.remoteAddress
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
    ///   - whenListening: Called once, with the real port.
    public static func application(
        _ orchestrator: Orchestrator, repositoryPath: String, host: String, port: Int,
        edge: Edge, logger: Logger, whenListening: @escaping @Sendable (Int) async -> Void
    ) -> some ApplicationProtocol {
        let callers = CallerLimits(edge.limits, now: edge.now)
        let limiting = LimitingCallers(limits: callers, proxies: edge.proxies)
        return Application(
            router: router(orchestrator, repositoryPath: repositoryPath, limiting),
            server: edge.server(callers),
            configuration: edge.configuration(host: host, port: port),
            onServerRunning: { channel in
                await whenListening(channel.localAddress?.port ?? port)
            },
            logger: logger)
    }

    private static func router(
        _ orchestrator: Orchestrator, repositoryPath: String, _ limiting: LimitingCallers
    ) -> Router<Context> {
        let router = routes(orchestrator, repositoryPath: repositoryPath, limiting)
        router.answerOtherMethods()
        return router
    }

    /// All routes that do something; also what tests look at.
    static func routes(
        _ orchestrator: Orchestrator, repositoryPath: String, _ limiting: LimitingCallers? = nil
    ) -> Router<Context> {
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        if let limiting { router.add(middleware: limiting) }
        router.add(middleware: Answering())
        RepositoryRoutes(folder: repositoryPath).add(to: router)
        router.get("healthz") { _, _ in
            do { try await orchestrator.checkHealth() } catch {
                return Response(
                    ErrorAnswer(error: "\(error)"), status: .serviceUnavailable,
                    headers: [.retryAfter: "5"])
            }
            return Response(bytes: JSONValue.object(["status": "ok"]).compactBytes)
        }
        router.post("device/v1/check-in") { request, context in
            let message = try await request.bytes(limitBytes: orchestrator.messageLimitBytes)
            guard let visitor = context.visitor else {
                return Response(bytes: try await orchestrator.checkIn(message))
            }
            return Response(bytes: try await visitor.checkIn(message, at: orchestrator))
        }
        router.get("api/v1/openapi.json") { _, _ in Response(bytes: OpenAPIDocument.bytes) }
        let management = router.group("api/v1").add(
            middleware: WhoMay(orchestrator: orchestrator))
        ManagementRoutes(orchestrator: orchestrator).add(to: management)
        AccessRoutes(orchestrator: orchestrator).add(to: management)
        return router
    }
}
