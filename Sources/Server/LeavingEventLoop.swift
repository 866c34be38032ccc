internal import Hummingbird

/// Takes everything but check-ins away from the event loop that a connection's tasks begin on.
///
/// A check-in waits for nothing there. What others ask may read files or take long, which would keep
/// every connection of the loop waiting.
struct LeavingEventLoop: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: WebServer.Context,
        next: @concurrent (Request, WebServer.Context) async throws -> Response
    ) async throws -> Response {
        guard request.uri.path != LimitingCallers.checkInPath else {
            return try await next(request, context)
        }
        return try await withTaskExecutorPreference(globalConcurrentExecutor) {
            try await next(request, context)
        }
    }
}
