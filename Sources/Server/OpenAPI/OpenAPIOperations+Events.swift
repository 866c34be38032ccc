internal import JSON

extension OpenAPIOperations {
    private static let filters: [OpenAPIParameter] = [
        .query("rollout", "Only those of this rollout.", .schema("Name")),
        .query("device", "Only those of this device.", .schema("Name")),
    ]

    private static let afterNumber = OpenAPIParameter.query(
        "after", "The number of the last event that is known.", .schema("EventNumber"))

    static let events: [OpenAPIOperation] = {
        var list = operation(
            .get, "events", "listEvents", "events", "A page of what happened, the oldest first.",
            .json(200, .schema("EventPage")))
        list.parameters = filters + [.limit, afterNumber]
        var stream = operation(
            .get, "events/stream", "streamEvents", "events",
            "What happens, as server-sent events; each has its number as its id.", .stream)
        stream.parameters =
            filters + [
                afterNumber,
                .header(
                    "Last-Event-ID", "The same as `after`, as browsers say it.",
                    .schema("EventNumber")),
            ]
        stream.refusals = [409]
        return [list, stream]
    }()

    static let webHooks: [OpenAPIOperation] = {
        var list = operation(
            .get, "webhooks", "listWebHooks", "webhooks", "All web hooks, by id.",
            .json(200, .schema("WebHookList")))
        list.parameters = []
        var add = operation(
            .post, "webhooks", "addWebHook", "webhooks",
            "Let an address be told of events; the only answer that shows the secret.",
            .json(201, .schema("NewWebHook")))
        add.parameters = [.idempotencyKey]
        add.body = .json("WebHookRequest")
        add.refusals = [409, 413, 422, 507]
        add.hasLocation = true
        var one = operation(
            .get, "webhooks/{webhook}", "getWebHook", "webhooks", "One web hook.",
            .json(200, .schema("WebHook")))
        one.refusals = [404]
        var remove = operation(
            .delete, "webhooks/{webhook}", "removeWebHook", "webhooks",
            "Tell the address nothing any more; its dead letters go with it.", .empty(204))
        remove.refusals = [404, 507]
        var letters = operation(
            .get, "webhooks/{webhook}/dead-letters", "listDeadLetters", "webhooks",
            "A page of the events that could not be delivered, the oldest first.",
            .json(200, .schema("DeadLetterPage")))
        letters.parameters = [.limit, afterNumber]
        letters.refusals = [404]
        var again = operation(
            .post, "webhooks/{webhook}/redeliver", "redeliver", "webhooks",
            "Deliver dead letters once more: one of them, or all.",
            .json(200, .schema("Redelivery")))
        again.body = .json("RedeliveryRequest")
        again.refusals = [404, 413, 422, 507]
        return [list, add, one, remove, letters, again]
    }()
}
