internal import JSON
internal import Wire

extension OpenAPISchemas {
    static let rollouts: [(String, JSONValue)] = [
        ("RolloutFile", onWire(RolloutSchema.value)),
        ("RolloutPage", page("Rollout")),
        (
            "Rollout",
            object(
                [
                    "name", "release", "state", "reason", "waves", "failures", "created", "plan",
                    "revision",
                ],
                [
                    "name": .schema("Name"), "release": .schema("Release"),
                    "state": .schema("RolloutState"), "reason": text, "wave": .schema("Count"),
                    "waves": list("Wave"),
                    "failures": list(
                        object(
                            ["class", "devices"],
                            ["class": .schema("FailureClass"), "devices": .schema("Count")])),
                    "created": .schema("Moment"), "plan": .schema("Digest"),
                    "revision": .schema("Count"),
                ])
        ),
        (
            "Wave",
            object(
                ["name", "devices", "offered", "proven", "failed", "retrying"],
                [
                    "name": text, "devices": .schema("Count"), "offered": .schema("Count"),
                    "proven": .schema("Count"), "failed": .schema("Count"),
                    "retrying": .schema("Count"),
                ])
        ),
        (
            "Plan",
            object(
                ["name", "release", "digest", "waves", "excluded", "bytes", "notes"],
                [
                    "name": .schema("Name"), "release": .schema("Release"),
                    "digest": .schema("Digest"),
                    "waves": list(
                        object(
                            ["name", "devices", "target", "soak"],
                            [
                                "name": text, "devices": .schema("Count"), "target": text,
                                "soak": text,
                            ])),
                    "excluded": list(
                        object(
                            ["reason", "devices"], ["reason": text, "devices": .schema("Count")])),
                    "bytes": .schema("Count"), "notes": list(text),
                ])
        ),
        (
            "StartRequest",
            request(
                ["file", "digest"],
                ["file": .schema("RolloutFile"), "digest": .schema("Digest")])
        ),
        (
            "FailureRequest",
            request(
                [],
                [
                    "classes": [
                        "type": ["array", "null"], "maxItems": 100,
                        "items": .schema("FailureClass"),
                        "description": "The failures that are meant; all by default.",
                    ]
                ])
        ),
        (
            "Stratum",
            request(
                ["attribute", "value"],
                [
                    "attribute": ["type": "string", "maxLength": 256],
                    "value": ["type": "string", "maxLength": 256],
                ])
        ),
        (
            "RevertRequest",
            request(
                [],
                [
                    "release": [
                        "anyOf": [.schema("ReleaseRequest"), ["type": "null"]],
                        "description":
                            "Where the devices go; by default what most of them came from.",
                    ]
                ])
        ),
    ]

    /// The schema of rollout files as far as JSON on its way is concerned: no number has a fraction,
    /// and the dialect is the document's.
    private static func onWire(_ schema: JSONValue) -> JSONValue {
        switch schema {
        case .object(let object):
            .object(
                JSONObject(
                    object.members.filter { $0.key.text != "$schema" }
                        .map { ($0.key.text, onWire($0.value)) }))
        case .array(let elements):
            .array(elements.map { $0 == "number" ? "integer" : onWire($0) })
        case .null, .bool, .integer, .string: schema
        }
    }

    static let explanations: [(String, JSONValue)] = [
        (
            "Step",
            object(
                ["rule", "detail", "holds"], ["rule": text, "detail": text, "holds": bool])
        ),
        (
            "ExplainedEvent",
            object(
                ["at", "what"],
                [
                    "at": .schema("Moment"), "device": .schema("Name"),
                    "rollout": .schema("Name"), "what": text,
                ])
        ),
        (
            "DeviceExplanation",
            object(
                ["device", "at", "facts", "rollouts", "conclusion", "events"],
                [
                    "device": .schema("Name"), "at": .schema("Moment"), "facts": list(text),
                    "rollouts": list(
                        object(
                            ["rollout", "steps", "ruling"],
                            [
                                "rollout": .schema("Name"), "release": .schema("Release"),
                                "steps": list("Step"), "ruling": text,
                            ])),
                    "conclusion": text, "events": list("ExplainedEvent"),
                ])
        ),
        (
            "RolloutExplanation",
            object(
                ["rollout", "at", "steps", "verdict", "events"],
                [
                    "rollout": .schema("Rollout"), "at": .schema("Moment"),
                    "steps": list("Step"), "verdict": text, "events": list("ExplainedEvent"),
                ])
        ),
    ]
}
