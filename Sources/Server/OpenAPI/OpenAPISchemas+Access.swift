internal import JSON
internal import Model
internal import Wire

extension OpenAPISchemas {
    private static let role = oneOf(AccessRole.allCases.map(\.rawValue))
    private static let permissions = list(oneOf(Permission.allCases.map(\.rawValue)))

    static let access: [(String, JSONValue)] = [
        (
            "WhoAmI",
            object(
                ["name", "role", "permissions"],
                [
                    "name": .schema("Name"), "role": role, "permissions": permissions,
                    "cohorts": list("Name"), "token": .schema("Name"),
                    "expires": .schema("Moment"),
                ])
        ),
        ("TokenList", page("Token")),
        (
            "Token",
            object(
                ["id", "name", "role", "created", "created_by"],
                [
                    "id": .schema("Name"), "name": .schema("Name"), "role": role,
                    "actions": permissions, "cohorts": list("Name"),
                    "created": .schema("Moment"), "created_by": .schema("Name"),
                    "expires": .schema("Moment"), "revoked": .schema("Moment"),
                    "last_used": .schema("Moment"),
                ])
        ),
        ("NewToken", object(["text", "token"], ["text": text, "token": .schema("Token")])),
        (
            "TokenRequest",
            request(
                ["name", "role"],
                [
                    "name": .schema("Name"), "role": role,
                    "actions": optionalList(
                        oneOf(Permission.allCases.map(\.rawValue)), Permission.allCases.count),
                    "cohorts": optionalList(
                        .schema("Name"), TokenRequest.maximumCohortCount),
                    "lifetime_seconds": [
                        "type": ["integer", "null"],
                        "minimum": .integer(TokenRequest.lifetimes.lowerBound),
                        "maximum": .integer(TokenRequest.lifetimes.upperBound),
                    ],
                ])
        ),
    ]

    private static let terms: [(String, JSONValue)] = [
        ("uses", .schema("Count")), ("hardware", list("Name")), ("cohort", .schema("Name")),
        ("note", text), ("attributes", ["type": "object", "additionalProperties": text]),
    ]

    static let enrolment: [(String, JSONValue)] = [
        ("EnrolmentTokenList", page("EnrolmentToken")),
        (
            "EnrolmentToken",
            object(
                ["id", "uses", "used", "created", "created_by", "expires"],
                .object(
                    JSONObject(
                        terms + [
                            ("id", .schema("Name")), ("used", .schema("Count")),
                            ("created", .schema("Moment")), ("created_by", .schema("Name")),
                            ("expires", .schema("Moment")), ("revoked", .schema("Moment")),
                        ])))
        ),
        (
            "NewEnrolmentToken",
            object(["text", "token"], ["text": text, "token": .schema("EnrolmentToken")])
        ),
        (
            "EnrolmentTokenRequest",
            request(
                ["lifetime_seconds"],
                [
                    "note": [
                        "type": ["string", "null"], "maxLength": 256,
                        "description": "At most 256 bytes.",
                    ],
                    "uses": [
                        "type": ["integer", "null"],
                        "minimum": .integer(EnrolmentTerms.useCounts.lowerBound),
                        "maximum": .integer(EnrolmentTerms.useCounts.upperBound),
                    ],
                    "hardware": optionalList(
                        .schema("Name"), EnrolmentTerms.maximumHardwareCount),
                    "cohort": ["anyOf": [.schema("Name"), ["type": "null"]]],
                    "attributes": [
                        "type": ["object", "null"], "maxProperties": 256,
                        "propertyNames": ["pattern": "^[a-z][a-z0-9_]{0,63}$"],
                        "additionalProperties": [
                            "type": "string", "maxLength": 256,
                            "pattern": #"^[^\u0000-\u001f\u007f-\u009f]*$"#,
                            "description": "At most 256 bytes.",
                        ],
                    ],
                    "lifetime_seconds": [
                        "type": "integer",
                        "minimum": .integer(EnrolmentTokenRequest.lifetimes.lowerBound),
                        "maximum": .integer(EnrolmentTokenRequest.lifetimes.upperBound),
                    ],
                ])
        ),
    ]

    private static func optionalList(_ item: JSONValue, _ maximumCount: Int) -> JSONValue {
        ["type": ["array", "null"], "maxItems": .integer(Int64(maximumCount)), "items": item]
    }
}
