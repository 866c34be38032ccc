internal import Hummingbird
internal import Model
internal import Orchestrator
internal import Wire

extension ManagementRoutes {
    func addEvents(to group: RouterGroup<WebServer.Context>) {
        group.get("events") { request, _ in
            Response(
                try await orchestrator.events(
                    after: request.eventNumber("after") ?? 0, about: request.eventSubject(),
                    limit: request.pageLimit()))
        }
        group.get("events/stream") { request, context in
            // What a client says that reconnects is newer than the address that it reconnects to.
            let last = try request.lastEventID() ?? request.eventNumber("after")
            let subject = try request.eventSubject()
            let beginning = try await orchestrator.streamBeginning(after: last)
            guard let place = streams.take() else {
                return context.error(
                    "too many event streams are open", status: .serviceUnavailable,
                    headers: [.retryAfter: "10"])
            }
            let token = try WhoMay.token(request)
            let stream = EventStream(
                orchestrator: orchestrator, subject: subject, beginning: beginning,
                stillMay: { await orchestrator.mayStillRead(showing: token) }, place: place)
            return Response(
                status: .ok,
                headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
                body: ResponseBody(asyncSequence: stream))
        }
    }
}
