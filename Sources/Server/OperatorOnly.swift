internal import Hummingbird
internal import Orchestrator

/// Lets nobody through who does not show the operator's token.
struct OperatorOnly<Context: RequestContext>: RouterMiddleware {
    let orchestrator: Orchestrator

    @concurrent func handle(
        _ request: Request, context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let scheme = "Bearer "
        guard let shown = request.headers[.authorization], shown.hasPrefix(scheme),
            orchestrator.isOperator(token: String(shown.dropFirst(scheme.count)))
        else { throw Refusal.stranger("the operator token is missing or wrong") }
        return try await next(request, context)
    }
}
