internal import JSON

/// The description of the management interface, for people and for programs (OpenAPI 3.1.0).
///
/// A test holds it against the routes that there are, and real answers against its schemas.
enum OpenAPIDocument {
    static let path = "/api/v1/openapi.json"

    /// What is served.
    static let bytes = value.compactBytes

    static let value: JSONValue = [
        "openapi": "3.1.0",
        "info": [
            "title": "Slipway management", "version": "1",
            "description": """
            Everything that an operator can do. Whatever is not a success answers with the one \
            schema Error. Answers may grow members: a client passes over those that it does \
            not know.
            """,
        ],
        "servers": [["url": "/"]],
        "security": [["token": []]],
        "paths": paths,
        "components": [
            "securitySchemes": [
                "token": [
                    "type": "http", "scheme": "bearer",
                    "description": "The token of a person or a program.",
                ]
            ],
            "responses": [
                "Refused": refused("It is not done, and the answer says why.", headers: nil),
                "Later": refused(
                    "Not now; worth asking again after so many seconds.",
                    headers: [
                        "Retry-After": [
                            "description": "In seconds.",
                            "schema": ["type": "integer", "minimum": 0],
                        ]
                    ]),
            ],
            "schemas": .object(JSONObject(OpenAPISchemas.all)),
        ],
    ]

    private static var paths: JSONValue {
        let all = OpenAPIOperations.all
        var order: [String] = []
        for operation in all where !order.contains(operation.path) {
            order.append(operation.path)
        }
        return .object(
            JSONObject(
                order.map { path in
                    let here = all.filter { $0.path == path }
                    return (
                        path, .object(JSONObject(here.map { ($0.method.rawValue, $0.json) }))
                    )
                }))
    }

    private static func refused(_ description: String, headers: JSONValue?) -> JSONValue {
        .object(
            JSONObject(present: [
                ("description", .string(description)), ("headers", headers),
                ("content", ["application/json": ["schema": .schema("Error")]]),
            ]))
    }
}
