internal import Hummingbird
internal import Orchestrator

/// Refuses what a request asks for in its query and its operation does not have.
///
/// A filter that is spelt wrong would otherwise be no filter: everything would be told as if it
/// had been picked. What an operation has stands in ``OpenAPIOperations``.
struct KnownParameters: RouterMiddleware {
    private static let byOperation = Dictionary(
        OpenAPIOperations.all.map { operation in
            (
                "\(operation.method) \(operation.path)",
                operation.parameters.filter { $0.place == "query" }.map(\.name)
            )
        }, uniquingKeysWith: { first, _ in first })

    @concurrent func handle(
        _ request: Request, context: WebServer.Context,
        next: @concurrent (Request, WebServer.Context) async throws -> Response
    ) async throws -> Response {
        // Whoever may get something may ask for its head.
        let method = request.method.rawValue.lowercased()
        let methods = method == "head" ? ["head", "get"] : [method]
        let known =
            methods.lazy.compactMap { Self.byOperation["\($0) \(context.endpointPath ?? "")"] }
            .first ?? []
        for name in request.queryNames where !known.contains(name) {
            throw Refusal.malformed(
                "the query has \"\(name.prefix(100))\", and here is "
                    + (known.isEmpty ? "none" : "only " + known.joined(separator: ", ")))
        }
        return try await next(request, context)
    }
}
