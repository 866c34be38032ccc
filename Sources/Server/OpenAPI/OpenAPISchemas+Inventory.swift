internal import JSON
internal import Wire

extension OpenAPISchemas {
    static let stage = oneOf(LifecycleStage.allCases.map(\.rawValue))

    static let attributes: JSONValue = ["type": "object", "additionalProperties": text]

    static let inventory: [(String, JSONValue)] = [
        ("InventoryRow", object(["id"], row)),
        (
            "InventoryEntry",
            object(
                ["id", "lifecycle", "attributes"],
                [
                    "id": .schema("Name"), "hardware": .schema("Name"),
                    "public_key": .schema("PublicKey"), "attributes": attributes,
                    "lifecycle": stage, "reported": attributes, "release": .schema("Release"),
                    "last_seen": .schema("Moment"), "asked_key": .schema("PublicKey"),
                ])
        ),
        ("ApplicationList", page("InventoryEntry")),
        (
            "ImportReport",
            object(
                ["added", "changed", "unchanged", "refused"],
                [
                    "added": .schema("Count"), "changed": .schema("Count"),
                    "unchanged": .schema("Count"),
                    "refused": list(
                        object(["line", "reason"], ["line": .schema("Count"), "reason": text])),
                ])
        ),
        (
            "AttributesRequest",
            request(
                ["attributes"],
                [
                    "attributes": [
                        "type": "object", "maxProperties": 32,
                        "propertyNames": ["pattern": "^[a-z][a-z0-9_]{0,63}$"],
                        "additionalProperties": [
                            "type": ["string", "null"],
                            "pattern": #"^[ -~\u00a1-\ud7ff]{0,64}$"#,
                        ],
                    ]
                ])
        ),
        ("RetireRequest", request(["wipe"], ["wipe": bool])),
        (
            "Retirement",
            object(
                ["at"],
                [
                    "at": .schema("Moment"), "wipe": oneOf(["demanded", "done", "failed"]),
                    "wipe_at": .schema("Moment"), "wipe_detail": text,
                ])
        ),
    ]

    private static let row: JSONValue = [
        "id": .schema("Name"), "hardware": .schema("Name"), "public_key": .schema("PublicKey"),
        "attributes": attributes,
    ]
}
