internal import Hummingbird
internal import Model
internal import Orchestrator

/// Lets through who may do what the route does, and notes who it is.
///
/// The one place where management is guarded: what a route needs stands in ``RoutePermission``.
struct WhoMay: RouterMiddleware {
    let orchestrator: Orchestrator

    /// The longest token that is looked at, in bytes: one of an identity provider.
    private static let tokenByteCount = 16_384

    @concurrent func handle(
        _ request: Request, context: WebServer.Context,
        next: @concurrent (Request, WebServer.Context) async throws -> Response
    ) async throws -> Response {
        let token = try Self.token(request)
        let needed = context.endpointPath.flatMap { RoutePermission.of(request.method, $0) }
        guard let needed else {
            // Nobody said who may do it, so nobody may; but who does not show a token learns less.
            _ = try await orchestrator.authorize(showing: token, for: nil, reaching: .nothing)
            throw Refusal.forbidden("nobody has a permission for this route")
        }
        var context = context
        context.principal = try await orchestrator.authorize(
            showing: token, for: needed.permission, reaching: needed.reach(context))
        context.visitor?.noteToken(of: request)
        return try await next(request, context)
    }

    /// RFC 6750 section 2.1; the scheme's case does not matter (RFC 9110 section 11.1).
    static func token(_ request: Request) throws(Refusal) -> String {
        let scheme = "bearer "
        guard let shown = request.headers[.authorization],
            shown.prefix(scheme.count).lowercased() == scheme,
            shown.utf8.count <= scheme.count + tokenByteCount
        else { throw .stranger("no token was shown") }
        return String(shown.dropFirst(scheme.count))
    }
}

extension RoutePermission {
    /// - Throws: ``Refusal/malformed(_:)`` for a name in the path that is none.
    fileprivate func reach(_ context: WebServer.Context) throws -> Reach {
        switch change {
        case .nothing: .nothing
        case .device: .device(try ManagementRoutes.name("id", context))
        case .rollout: .rollout(try ManagementRoutes.name("name", context))
        case .endOfRollout: .endOf(try ManagementRoutes.name("name", context))
        case .revertOfRollout: .revertOf(try ManagementRoutes.name("name", context))
        case .rolloutFile: .rolloutFile
        case .everything: .everything
        }
    }
}
