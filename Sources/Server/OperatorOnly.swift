internal import Hummingbird
internal import Orchestrator

/// Lets nobody through who does not show an operator's token, and notes whose it was.
struct OperatorOnly: RouterMiddleware {
    let orchestrator: Orchestrator

    @concurrent func handle(
        _ request: Request, context: WebServer.Context,
        next: @concurrent (Request, WebServer.Context) async throws -> Response
    ) async throws -> Response {
        let scheme = "Bearer "
        guard let shown = request.headers[.authorization], shown.hasPrefix(scheme),
            let name = orchestrator.operatorName(token: String(shown.dropFirst(scheme.count)))
        else { throw Refusal.stranger("the operator token is missing or wrong") }
        context.visitor?.noteToken(of: request)
        var context = context
        context.operatorName = name
        return try await next(request, context)
    }
}
