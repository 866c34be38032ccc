internal import JSON
internal import Wire

extension OpenAPISchemas {
    private static let eventKind = oneOf(EventKind.allCases.map(\.rawValue))

    static let events: [(String, JSONValue)] = [
        ("EventPage", page("Event")),
        (
            "Event",
            object(
                ["number", "at", "kind", "what"],
                [
                    "number": .schema("EventNumber"), "at": .schema("Moment"), "kind": eventKind,
                    "device": .schema("Name"), "rollout": .schema("Name"), "what": text,
                ])
        ),
    ]

    private static let webHook: [(String, JSONValue)] = [
        ("id", .schema("Name")), ("url", text), ("kinds", list(eventKind)),
        ("author", .schema("Name")), ("created", .schema("Moment")),
        ("position", .schema("EventNumber")), ("failures", .schema("Count")),
        ("problem", text), ("dead_letters", .schema("Count")),
    ]

    private static let webHookMembers: [JSONValue] = [
        "id", "url", "kinds", "author", "created", "position", "failures", "dead_letters",
    ]

    static let webHooks: [(String, JSONValue)] = [
        ("WebHookList", page("WebHook")),
        ("WebHook", object(.array(webHookMembers), .object(JSONObject(webHook)))),
        (
            "NewWebHook",
            object(
                .array(webHookMembers + ["secret"]),
                .object(JSONObject(webHook + [("secret", text)])))
        ),
        (
            "WebHookRequest",
            request(
                ["url"],
                [
                    "url": [
                        "type": "string", "maxLength": 1024,
                        "examples": ["https://hooks.example.com/slipway"],
                    ],
                    "kinds": [
                        "type": ["array", "null"], "maxItems": 16, "items": eventKind,
                        "description": "The events that it is told of; all by default.",
                    ],
                    "secret": [
                        "type": ["string", "null"],
                        "pattern": "^[!-~]{16,128}$",
                        "description": "What signs; made by the server by default.",
                    ],
                ])
        ),
        ("DeadLetterPage", page("DeadLetter")),
        (
            "DeadLetter",
            object(
                ["event", "at", "attempts", "problem"],
                [
                    "event": .schema("Event"), "at": .schema("Moment"),
                    "attempts": .schema("Count"), "problem": text,
                ])
        ),
        (
            "RedeliveryRequest",
            request(
                [],
                [
                    "number": [
                        "anyOf": [.schema("EventNumber"), ["type": "null"]],
                        "description": "Of the event; all dead letters by default.",
                    ]
                ])
        ),
        ("Redelivery", object(["count"], ["count": .schema("Count")])),
    ]
}
