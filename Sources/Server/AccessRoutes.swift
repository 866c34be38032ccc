internal import Hummingbird
internal import Model
internal import Orchestrator
internal import Wire

/// Tokens of people, machines and new devices.
struct AccessRoutes {
    let orchestrator: Orchestrator

    func add(to group: RouterGroup<WebServer.Context>) {
        group.get("whoami") { _, context in
            Response(orchestrator.whoIs(try context.requirePrincipal()))
        }
        addTokens(to: group)
        addEnrolmentTokens(to: group)
    }

    private func addTokens(to group: RouterGroup<WebServer.Context>) {
        group.get("tokens") { _, _ in
            Response(ListAnswer(items: try await orchestrator.tokens()))
        }
        group.post("tokens") { request, context in
            Response(
                try await orchestrator.makeToken(
                    request.message(limitBytes: orchestrator.requestLimitBytes),
                    by: context.requirePrincipal()),
                status: .created, headers: .secret)
        }
        group.post("tokens/{id}/revoke") { _, context in
            Response(
                try await orchestrator.revokeToken(
                    ManagementRoutes.name("id", context), by: context.requirePrincipal()))
        }
    }

    private func addEnrolmentTokens(to group: RouterGroup<WebServer.Context>) {
        group.get("enrolment-tokens") { _, _ in
            Response(ListAnswer(items: try await orchestrator.enrolmentTokens()))
        }
        group.post("enrolment-tokens") { request, context in
            Response(
                try await orchestrator.makeEnrolmentToken(
                    request.message(limitBytes: orchestrator.requestLimitBytes),
                    by: context.requirePrincipal()),
                status: .created, headers: .secret)
        }
        group.post("enrolment-tokens/{id}/revoke") { _, context in
            Response(
                try await orchestrator.revokeEnrolmentToken(
                    ManagementRoutes.name("id", context), by: context.requirePrincipal()))
        }
    }
}

extension HTTPFields {
    /// Of an answer that nobody on the way may keep.
    fileprivate static var secret: HTTPFields { [.cacheControl: "no-store"] }
}
