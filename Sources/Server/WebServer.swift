public import Hummingbird
public import Logging
public import Orchestrator
internal import JSON
internal import Model
internal import Wire

/// The server's face to the network.
public enum WebServer {
    /// What is known of one request.
    public struct Context: RequestContext {
        public var coreContext: CoreRequestContextStorage
        /// Who asks, once their token was checked.
        var principal: Principal?

        public init(source: ApplicationRequestContextSource) {
            coreContext = CoreRequestContextStorage(source: source)
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
    ///   - whenListening: Called once, with the real port.
    public static func application(
        _ orchestrator: Orchestrator, repositoryPath: String, host: String, port: Int,
        logger: Logger, whenListening: @escaping @Sendable (Int) async -> Void
    ) -> some ApplicationProtocol {
        Application(
            router: router(orchestrator, repositoryPath: repositoryPath),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: "slipway-server"),
            onServerRunning: { channel in
                await whenListening(channel.localAddress?.port ?? port)
            },
            logger: logger)
    }

    private static func router(
        _ orchestrator: Orchestrator, repositoryPath: String
    ) -> Router<Context> {
        let router = routes(orchestrator, repositoryPath: repositoryPath)
        router.answerOtherMethods()
        return router
    }

    /// All routes that do something; also what tests look at.
    public static func routes(
        _ orchestrator: Orchestrator, repositoryPath: String
    ) -> Router<Context> {
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: Answering())
        RepositoryRoutes(
            folder: repositoryPath, links: ImageLinks(orchestrator: orchestrator)
        ).add(to: router)
        router.get("healthz") { _, _ in
            do { try await orchestrator.checkHealth() } catch {
                return Response(ErrorAnswer(error: "\(error)"), status: .serviceUnavailable)
            }
            return Response(bytes: JSONValue.object(["status": "ok"]).compactBytes)
        }
        router.post("device/v1/check-in") { request, _ in
            let message = try await request.bytes(limitBytes: orchestrator.messageLimitBytes)
            return Response(bytes: try await orchestrator.checkIn(message))
        }
        router.get("api/v1/openapi.json") { _, _ in Response(bytes: OpenAPIDocument.bytes) }
        let management = router.group("api/v1").add(
            middleware: WhoMay(orchestrator: orchestrator))
        ManagementRoutes(orchestrator: orchestrator).add(to: management)
        AccessRoutes(orchestrator: orchestrator).add(to: management)
        return router
    }
}
