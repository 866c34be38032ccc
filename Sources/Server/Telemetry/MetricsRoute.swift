internal import Hummingbird
internal import Model
internal import Orchestrator
internal import Telemetry

/// Who may read `GET /metrics`.
public enum MetricsAccess: String, Hashable, Sendable, CaseIterable {
    /// Nobody: there is no such page.
    case off
    /// Whoever shows a token that may read the fleet, and programs of this machine that no proxy speaks for.
    case loopback
    /// Whoever shows a token that may read the fleet.
    case token
    /// Everybody who reaches the server.
    case open
}

/// How a server is seen from outside, and by whom.
public struct Monitoring: Sendable {
    let observatory: Observatory
    let report: MetricsReport
    let access: MetricsAccess

    public init(_ observatory: Observatory, _ report: MetricsReport, access: MetricsAccess) {
        self.observatory = observatory
        self.report = report
        self.access = access
    }
}

/// `GET /metrics`.
struct MetricsRoute {
    private let report: MetricsReport
    private let access: MetricsAccess
    private let orchestrator: Orchestrator

    init(_ monitoring: Monitoring, _ orchestrator: Orchestrator) {
        report = monitoring.report
        access = monitoring.access
        self.orchestrator = orchestrator
    }

    func add(to router: Router<WebServer.Context>) {
        guard access != .off else { return }
        router.group().add(
            middleware: MetricsReaders(
                access: access, orchestrator: orchestrator)
        ).get("metrics") { request, _ in
            let format = Exposition(accept: request.headers[.accept])
            let body = format.write(await report.families())
            return Response(
                status: .ok, headers: [.contentType: format.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        }
    }
}

/// Lets through whom ``MetricsAccess`` does.
private struct MetricsReaders: RouterMiddleware {
    let access: MetricsAccess
    let orchestrator: Orchestrator

    // What proxies add: behind one on this machine, everybody comes from loopback.
    private static let proxyHeaders = [
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via",
    ].map { HeaderName.of($0) }

    @concurrent func handle(
        _ request: Request, context: WebServer.Context,
        next: @concurrent (Request, WebServer.Context) async throws -> Response
    ) async throws -> Response {
        let isOfThisMachine =
            context.comesFromLoopback
            && Self.proxyHeaders.allSatisfy { request.headers[$0] == nil }
        if access == .open || (access == .loopback && isOfThisMachine) {
            return try await next(request, context)
        }
        _ = try await orchestrator.authorize(
            showing: WhoMay.token(request), for: .readFleet, reaching: .nothing)
        return try await next(request, context)
    }
}

/// Addresses of this machine to itself (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3).
enum Loopback {
    static func holds(_ address: String) -> Bool {
        address == "::1" || address.hasPrefix("127.") || address.hasPrefix("::ffff:127.")
    }
}
