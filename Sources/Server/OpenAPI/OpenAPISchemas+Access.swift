internal import JSON
internal import Model
internal import Wire

extension OpenAPISchemas {
    private static let role = oneOf(AccessRole.allCases.map(\.rawValue))
    private static let permission = oneOf(Permission.allCases.map(\.rawValue))

    static let access: [(String, JSONValue)] = [
        ("TokenList", page("Token")),
        (
            "Token",
            object(
                ["id", "name", "role", "created", "created_by"],
                [
                    "id": .schema("Name"), "name": .schema("Name"), "role": role,
                    "actions": list(permission), "cohorts": list("Name"),
                    "created": .schema("Moment"), "created_by": .schema("Name"),
                    "expires": .schema("Moment"), "revoked": .schema("Moment"),
                    "last_used": .schema("Moment"),
                ])
        ),
        ("NewToken", object(["text", "token"], ["text": text, "token": .schema("Token")])),
        (
            "TokenRequest",
            closed(
                ["name", "role"],
                [
                    "name": .schema("Name"), "role": role,
                    "actions": few(permission, Int64(Permission.allCases.count)),
                    "cohorts": few(.schema("Name"), Int64(TokenRequest.maximumCohortCount)),
                    "lifetime_seconds": number(in: TokenRequest.lifetimes, optional: true),
                ])
        ),
        (
            "WhoAmI",
            object(
                ["name", "role", "permissions"],
                [
                    "name": .schema("Name"), "role": role, "permissions": list(permission),
                    "cohorts": list("Name"), "token": .schema("Name"),
                    "expires": .schema("Moment"),
                ])
        ),
        ("EnrolmentTokenList", page("EnrolmentToken")),
        (
            "EnrolmentToken",
            object(
                ["id", "uses", "used", "created", "created_by", "expires"],
                [
                    "id": .schema("Name"), "note": text, "uses": .schema("Count"),
                    "used": .schema("Count"), "hardware": list("Name"),
                    "cohort": .schema("Name"),
                    "attributes": ["type": "object", "additionalProperties": text],
                    "created": .schema("Moment"), "created_by": .schema("Name"),
                    "expires": .schema("Moment"), "revoked": .schema("Moment"),
                ])
        ),
        (
            "NewEnrolmentToken",
            object(["text", "token"], ["text": text, "token": .schema("EnrolmentToken")])
        ),
        (
            "EnrolmentTokenRequest",
            closed(
                ["lifetime_seconds"],
                [
                    "note": ["type": ["string", "null"], "pattern": "^[ -~]{0,256}$"],
                    "uses": number(in: EnrolmentTerms.useCounts, optional: true),
                    "hardware": few(
                        .schema("Name"), Int64(EnrolmentTerms.maximumHardwareCount)),
                    "cohort": ["anyOf": [.schema("Name"), ["type": "null"]]],
                    "attributes": attributes,
                    "lifetime_seconds": number(
                        in: EnrolmentTokenRequest.lifetimes, optional: false),
                ])
        ),
    ]

    /// As ``Attributes`` takes them, but for values of more than ASCII.
    private static let attributes: JSONValue = [
        "type": ["object", "null"], "maxProperties": .integer(Int64(Attributes.maximumCount)),
        "propertyNames": ["pattern": "^[a-z][a-z0-9_]{0,63}$"],
        "additionalProperties": ["type": "string", "pattern": "^[ -~]{0,256}$"],
    ]

    /// A request with these members and no others.
    private static func closed(_ required: JSONValue, _ properties: JSONValue) -> JSONValue {
        [
            "type": "object", "required": required, "properties": properties,
            "additionalProperties": false,
        ]
    }

    private static func few(_ item: JSONValue, _ maximumCount: Int64) -> JSONValue {
        ["type": ["array", "null"], "maxItems": .integer(maximumCount), "items": item]
    }

    private static func number(in range: ClosedRange<Int64>, optional: Bool) -> JSONValue {
        [
            "type": optional ? ["integer", "null"] : "integer",
            "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound),
        ]
    }
}
