internal import Hummingbird
internal import Model
internal import Orchestrator
internal import Wire

extension ManagementRoutes {
    func addWebHooks(to group: RouterGroup<WebServer.Context>) {
        group.get("webhooks") { _, _ in Response(try await orchestrator.webHooks()) }
        group.post("webhooks") { request, context in
            let (wanted, key): (WebHookRequest, _) = try await readOnce(request, context)
            let hook = try await orchestrator.addWebHook(
                wanted, by: context.requireOperator(), once: key)
            return Response(
                hook, status: .created, headers: [.location: "/api/v1/webhooks/\(hook.id)"])
        }
        group.get("webhooks/{webhook}") { _, context in
            Response(try await orchestrator.webHook(Self.name("webhook", context)))
        }
        group.delete("webhooks/{webhook}") { _, context in
            try await orchestrator.removeWebHook(
                Self.name("webhook", context), by: context.requireOperator())
            return Response(status: .noContent)
        }
        group.get("webhooks/{webhook}/dead-letters") { request, context in
            Response(
                try await orchestrator.deadLetters(
                    of: Self.name("webhook", context), after: request.eventNumber("after") ?? 0,
                    limit: request.pageLimit()))
        }
        group.post("webhooks/{webhook}/redeliver") { request, context in
            Response(
                try await orchestrator.redeliver(
                    read(request), of: Self.name("webhook", context),
                    by: context.requireOperator()))
        }
    }
}
