internal import Hummingbird
internal import Logging
internal import Orchestrator
internal import Telemetry

/// Gives each request its name in the logs, measures it, and records its trace.
///
/// The outermost of all: what it measures is what the caller gets.
struct Observing: RouterMiddleware {
    private let observatory: Observatory

    init(_ observatory: Observatory) { self.observatory = observatory }

    @concurrent func handle(
        _ request: Request, context: WebServer.Context,
        next: @concurrent (Request, WebServer.Context) async throws -> Response
    ) async throws -> Response {
        let start = observatory.clock.monotonicNanoseconds()
        let id =
            request.headers[HeaderName.requestID].flatMap { Telemetry.RequestID($0) }
            ?? Telemetry.RequestID(randomBits: observatory.random())
        var context = context
        context.requestID = id
        context.logger[metadataKey: "request_id"] = .stringConvertible(id)
        let waiting = observatory.metrics.requestsInFlight[]
        waiting.add(1)
        defer { waiting.add(-1) }
        let seen = Seen(
            method: Self.word(for: request.method), id: id, start: start,
            trace: observatory.trace(
                request.method.rawValue, path: request.uri.path,
                traceparent: request.headers[HeaderName.traceparent]))
        if let trace = seen.trace {
            context.logger[metadataKey: "trace_id"] = .string(trace.context.traceID)
        }
        do {
            var response = try await Self.answer(request, context, in: seen.trace, next: next)
            response.headers[HeaderName.requestID] = id.description
            note(seen, Int(response.status.code), context)
            return response
        } catch {
            // Nobody answers an error of the connection, and the caller is told 500 of any other.
            note(
                seen, (error as? any HTTPResponseError).map { Int($0.status.code) } ?? 500, context)
            throw error
        }
    }

    private struct Seen {
        let method: String
        let id: Telemetry.RequestID
        let start: UInt64
        let trace: Trace?
    }

    private static func answer(
        _ request: Request, _ context: WebServer.Context, in trace: Trace?,
        next: @concurrent (Request, WebServer.Context) async throws -> Response
    ) async throws -> Response {
        guard let trace else { return try await next(request, context) }
        return try await Trace.$current.withValue(trace) { try await next(request, context) }
    }

    private func note(_ seen: Seen, _ status: Int, _ context: WebServer.Context) {
        let seconds = observatory.clock.seconds(since: seen.start)
        let route = Self.route(context.endpointPath)
        observatory.metrics.requests[route, seen.method, "\(status / 100)xx"].observe(seconds)
        context.logger.debug(
            "request answered",
            metadata: ["method": "\(seen.method)", "route": "\(route)", "status": "\(status)"])
        guard let trace = seen.trace else { return }
        observatory.spans?.put(
            trace.finish(
                name: "\(seen.method) \(route)",
                attributes: [
                    .text("http.request.method", seen.method), .text("http.route", route),
                    .number("http.response.status_code", status),
                    .text("slipway.request_id", seen.id.description),
                ], isError: status >= 500))
    }

    /// The path's template; Hummingbird has a word for what is none.
    private static func route(_ template: String?) -> String {
        guard let template, template.hasPrefix("/") else { return "none" }
        return template
    }

    /// Callers may make up methods.
    private static func word(for method: HTTPRequest.Method) -> String {
        switch method {
        case .get, .head, .post, .put, .patch, .delete, .options: method.rawValue
        default: "other"
        }
    }
}

/// Names of headers that HTTP's own list does not have.
enum HeaderName {
    typealias Name = HTTPFields.Element.Name

    static let requestID = of("X-Request-Id")
    static let traceparent = of("traceparent")

    static func of(_ text: String) -> Name {
        guard let name = Name(text) else { preconditionFailure("\(text) is a header's name") }
        return name
    }
}
