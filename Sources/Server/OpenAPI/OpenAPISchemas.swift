internal import JSON
internal import Model
internal import Wire

/// The schemas of what goes over the wire (JSON Schema 2020-12), by name.
///
/// Requests are as strict as their readers are; answers name what is always there.
enum OpenAPISchemas {
    static let all: [(String, JSONValue)] =
        values + errors + devices + releases + cohorts + rollouts + explanations + events
        + webHooks + access + enrolment + inventory + audit

    // MARK: Values

    private static let values: [(String, JSONValue)] = [
        ("Name", pattern("^[A-Za-z0-9_:][A-Za-z0-9._:-]{0,63}$")),
        ("Digest", pattern("^[0-9a-f]{64}$")),
        ("PublicKey", pattern("^[0-9a-f]{64}$")),
        ("Version", .object(JSONObject([("maxLength", 64)] + patternMembers("^\(version)$")))),
        (
            "ReleaseRequest",
            .object(
                JSONObject(
                    [("description", .string(narrow))]
                        + patternMembers("^[A-Za-z0-9_:][A-Za-z0-9._:-]{0,63} \(narrowVersion)$")))
        ),
        (
            "VersionRequest",
            .object(
                JSONObject(
                    [("description", .string(narrow))] + patternMembers("^\(narrowVersion)$")))
        ),
        (
            "Release",
            .object(
                JSONObject(
                    [("maxLength", 129)]
                        + patternMembers("^[A-Za-z0-9_:][A-Za-z0-9._:-]{0,63} \(version)$")))
        ),
        (
            "Moment",
            pattern(
                "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
                    + "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$")
        ),
        ("Count", ["type": "integer", "minimum": 0]),
        ("EventNumber", ["type": "integer", "minimum": 0, "maximum": 9_223_372_036_854_775_807]),
        (
            "SelectorText",
            ["type": "string", "minLength": 1, "maxLength": 4096, "examples": ["all"]]
        ),
        ("FailureClass", oneOf(FailureClass.allCases.map(\.rawValue))),
        (
            "RolloutState",
            oneOf(["draft", "running", "paused", "completed", "reverting", "aborted"])
        ),
    ]

    /// Numbers of up to 15 digits, as no build system makes longer ones.
    private static let version =
        #"[0-9]{1,15}(\.[0-9]{1,15}){0,3}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"#
        + #"(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"#

    private static let narrow = "The server takes every version of at most 64 bytes."

    /// At most 63 bytes whatever is made of it, which no pattern can say of all versions.
    private static let narrowVersion =
        #"[0-9]{1,6}(\.[0-9]{1,8}){0,3}(-[0-9A-Za-z-]{1,9}(\.[0-9]{1,4})?)?"#
        + #"(\+[0-9A-Za-z-]{1,14})?"#

    private static let errors: [(String, JSONValue)] = [
        (
            "Error",
            object(
                ["error"],
                [
                    "error": text,
                    "request_id": [
                        "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$",
                        "description":
                            "The request's name in the log; that of its X-Request-Id, if it had one.",
                    ],
                ])
        )
    ]

    // MARK: Devices

    private static let devices: [(String, JSONValue)] = [
        ("DevicePage", page("Device")),
        (
            "Device",
            object(
                [
                    "id", "hardware", "lifecycle", "standing", "boot", "phase", "last_seen",
                    "attributes", "decisions",
                ],
                [
                    "id": .schema("Name"), "hardware": .schema("Name"), "lifecycle": stage,
                    "standing": text, "pin": .schema("Release"), "boot": .schema("Boot"),
                    "phase": .schema("Phase"), "rollout": .schema("Name"),
                    "last_failure": .schema("Failure"), "last_seen": .schema("Moment"),
                    "attributes": attributes, "set_attributes": attributes,
                    "retirement": .schema("Retirement"),
                    "asked_key": .schema("PublicKey"),
                    "decisions": list(
                        object(
                            ["rollout", "rule"], ["rollout": .schema("Name"), "rule": text])),
                ])
        ),
        (
            "Boot",
            object(
                ["slot", "boot_id", "confirmed"],
                [
                    "slot": .schema("Name"), "boot_id": .schema("Name"),
                    "release": .schema("Release"), "sha256": .schema("Digest"),
                    "confirmed": bool,
                ])
        ),
        (
            "Phase",
            object(
                ["state"],
                [
                    "state": oneOf([
                        "idle", "downloading", "waiting", "installed", "trial", "proven", "failed",
                    ]),
                    "offer": .schema("Name"), "bytes_done": .schema("Count"),
                    "bytes_total": .schema("Count"), "reason": text,
                    "class": .schema("FailureClass"), "detail": text, "attack": text, "log": text,
                ])
        ),
        (
            "Failure",
            object(
                ["class", "detail"],
                ["class": .schema("FailureClass"), "detail": text, "log": text])
        ),
        (
            "HoldRequest",
            request(["reason"], ["reason": ["type": "string", "minLength": 1, "maxLength": 256]])
        ),
        ("PinRequest", request(["release"], ["release": .schema("ReleaseRequest")])),
        ("KeyRequest", request(["public_key"], ["public_key": .schema("PublicKey")])),
    ]

    // MARK: Releases and cohorts

    private static let releases: [(String, JSONValue)] = [
        ("ReleasePage", page("ReleaseSummary")),
        ("ReleaseList", page("ReleaseSummary")),
        (
            "ReleaseSummary",
            object(
                ["release", "images"], ["release": .schema("Release"), "images": list("Image")])
        ),
        (
            "Image",
            object(
                ["path", "sha256", "length", "hardware", "from", "downgrade"],
                [
                    "path": text, "sha256": .schema("Digest"), "length": .schema("Count"),
                    "hardware": list("Name"), "from": list("Version"), "downgrade": bool,
                ])
        ),
        (
            "MetadataSubmission",
            request(
                ["metadata"],
                [
                    "metadata": [
                        "type": "array", "uniqueItems": true,
                        "description": "Each role once.",
                        "maxItems": .integer(Int64(MetadataSubmission.maximumCount)),
                        "items": request(
                            ["role", "file"],
                            ["role": ["type": "string", "maxLength": 128], "file": text]),
                    ]
                ])
        ),
    ]

    private static let cohorts: [(String, JSONValue)] = [
        ("CohortPage", page("Cohort")),
        (
            "Cohort",
            object(
                ["name", "version", "selector", "expanded", "author", "saved"],
                [
                    "name": .schema("Name"), "version": .schema("Count"), "selector": text,
                    "expanded": text, "author": .schema("Name"), "saved": .schema("Moment"),
                ])
        ),
        (
            "CohortHistory",
            object(
                ["name", "devices", "versions"],
                [
                    "name": .schema("Name"), "devices": .schema("Count"),
                    "versions": list("Cohort"),
                ])
        ),
        ("CohortRequest", request(["selector"], ["selector": .schema("SelectorText")])),
    ]
}

// MARK: - Shapes

extension OpenAPISchemas {
    static let text: JSONValue = ["type": "string"]
    static let bool: JSONValue = ["type": "boolean"]

    static func object(_ required: JSONValue, _ properties: JSONValue) -> JSONValue {
        ["type": "object", "required": required, "properties": properties]
    }

    /// What is sent to the server: a member that it does not know is refused, as in rollout files.
    static func request(_ required: JSONValue, _ properties: JSONValue) -> JSONValue {
        [
            "type": "object", "required": required, "properties": properties,
            "additionalProperties": false,
        ]
    }

    static func list(_ schema: String) -> JSONValue { list(.schema(schema)) }

    static func list(_ item: JSONValue) -> JSONValue { ["type": "array", "items": item] }

    static func page(_ schema: String) -> JSONValue {
        object(
            ["items"],
            [
                "items": list(schema),
                "next": [
                    "type": "string",
                    "description": "Where the next page begins; absent on the last one.",
                ],
            ])
    }

    static func oneOf(_ words: [String]) -> JSONValue {
        ["type": "string", "enum": .array(words.map { .string($0) })]
    }

    static func pattern(_ pattern: String) -> JSONValue {
        .object(JSONObject(patternMembers(pattern)))
    }

    static func patternMembers(_ pattern: String) -> [(String, JSONValue)] {
        [("type", "string"), ("pattern", .string(pattern))]
    }
}
