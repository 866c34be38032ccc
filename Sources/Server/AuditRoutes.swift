internal import Audit
internal import Hummingbird
internal import Orchestrator
internal import Wire

/// The log of changes, page by page, and what is signed of it.
struct AuditRoutes {
    let orchestrator: Orchestrator

    func add(to group: RouterGroup<WebServer.Context>) {
        group.get("audit") { request, _ in
            let query = try AuditQuery(
                subject: Self.parameter("subject", "KIND:NAME", request) { AuditSubject($0) },
                actor: Self.parameter("actor", "KIND:NAME", request) { AuditActor($0) })
            let after = try Self.parameter("after", "a row's number", request) { Int64($0) }
            let limit = try Self.parameter("limit", "a number of rows", request) { Int($0) }
            guard limit ?? 1 >= 1, after ?? 0 >= 0 else {
                throw Refusal.malformed("limit and after must not be negative, nor limit 0")
            }
            return Response(
                try await orchestrator.auditPage(
                    query, after: after, limit: limit ?? PageLimit.standard))
        }
        group.get("audit/checkpoint") { _, _ in
            Response(bytes: try await orchestrator.auditCheckpoint().bytes)
        }
        group.post("audit/checkpoint") { _, _ in
            Response(bytes: try await orchestrator.signAudit().bytes)
        }
    }

    private static func parameter<Value>(
        _ name: String, _ expected: String, _ request: Request, _ make: (String) -> Value?
    ) throws -> Value? {
        guard let text = try request.query(name) else { return nil }
        guard let value = make(text) else {
            throw Refusal.malformed("\(name): expected \(expected)")
        }
        return value
    }
}
