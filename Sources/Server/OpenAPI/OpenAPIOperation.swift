internal import JSON

/// One operation of the management interface, as the document tells it.
struct OpenAPIOperation {
    enum Method: String {
        case get, head, put, post, patch, delete, options
    }

    enum Body {
        /// JSON of a schema by its name.
        case json(String)
        /// The same, or nothing.
        case perhaps(String)
        /// The bytes of an image.
        case bytes
        /// Some of them, as the tus protocol calls it.
        case piece
        /// A file with devices.
        case inventory
    }

    enum Answer {
        case json(Int, JSONValue)
        /// A status without a body.
        case empty(Int)
        /// Server-sent events.
        case stream
        /// A file with devices.
        case inventory
    }

    let method: Method
    /// From the server's root, with parameters in braces.
    let path: String
    /// A unique word for programs that make clients.
    let id: String
    let tag: String
    let summary: String
    var parameters: [OpenAPIParameter] = []
    var body: Body?
    let answers: [Answer]
    /// The statuses of refusals besides those that any operation may answer.
    var refusals: Set<Int> = []
    /// Whether it answers without a token.
    var isPublic = false
    /// Whether the answer has an `ETag`.
    var hasTag = false
    /// Whether the answer has a `Location`.
    var hasLocation = false

    init(
        _ method: Method, _ path: String, _ id: String, _ tag: String, _ summary: String,
        answers: [Answer]
    ) {
        self.method = method
        self.path = path
        self.id = id
        self.tag = tag
        self.summary = summary
        self.answers = answers
    }

    var json: JSONValue {
        .object(
            JSONObject(present: [
                ("operationId", .string(id)), ("summary", .string(summary)),
                ("tags", [.string(tag)]), ("security", isPublic ? [] : nil),
                ("parameters", .array((pathParameters + parameters).map(\.json))),
                ("requestBody", body.map(Self.json)), ("responses", .object(responses)),
            ]))
    }

    private var pathParameters: [OpenAPIParameter] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map {
            .path(String($0.dropFirst().dropLast()))
        }
    }

    private static func json(_ body: Body) -> JSONValue {
        switch body {
        case .json(let schema):
            ["required": true, "content": ["application/json": ["schema": .schema(schema)]]]
        case .perhaps(let schema):
            ["required": false, "content": ["application/json": ["schema": .schema(schema)]]]
        case .bytes:
            [
                // What is there already is not asked for.
                "required": false,
                "content": [
                    "application/octet-stream": ["schema": ["type": "string", "format": "binary"]]
                ],
            ]
        case .piece:
            [
                "required": true,
                "content": [
                    "application/offset+octet-stream": [
                        "schema": ["type": "string", "format": "binary"]
                    ]
                ],
            ]
        case .inventory:
            [
                "required": true,
                "content": [
                    "application/json": [
                        "schema": ["type": "array", "items": .schema("InventoryRow")]
                    ],
                    "application/x-ndjson": ["schema": ["type": "string"]],
                    "text/csv": ["schema": ["type": "string"]],
                ],
            ]
        }
    }

    private var responses: JSONObject {
        var responses = answers.map { answer in
            switch answer {
            case .json(let status, let schema):
                ("\(status)", response(content: "application/json", schema))
            case .empty(let status): ("\(status)", response())
            case .stream:
                ("200", response(content: "text/event-stream", ["type": "string"]))
            case .inventory: ("200", Self.inventory)
            }
        }
        let always: Set = isPublic ? [400, 429, 503] : [400, 401, 403, 429, 503]
        for status in always.union(refusals).sorted() {
            let kind = [429, 503, 507].contains(status) ? "Later" : "Refused"
            responses.append(
                (
                    "\(status)",
                    method == .head
                        ? ["description": "Refused; without a body."]
                        : ["$ref": .string("#/components/responses/\(kind)")]
                ))
        }
        return JSONObject(responses)
    }

    private static let inventory: JSONValue = [
        "description": "Done.",
        "content": [
            "application/json": [
                "schema": ["type": "array", "items": .schema("InventoryEntry")]
            ],
            "text/csv": ["schema": ["type": "string"]],
        ],
    ]

    private func response(content: String? = nil, _ schema: JSONValue = .null) -> JSONValue {
        var headers: [(String, JSONValue)] = []
        if hasTag {
            headers.append(("ETag", .header("Names this state; to be repeated as If-Match.")))
        }
        if hasLocation { headers.append(("Location", .header("Where the new one is."))) }
        return .object(
            JSONObject(present: [
                ("description", "Done."),
                ("headers", headers.isEmpty ? nil : .object(JSONObject(headers))),
                (
                    "content",
                    content.map { .object(JSONObject([($0, ["schema": schema])])) }
                ),
            ]))
    }
}

/// A parameter of an operation.
struct OpenAPIParameter {
    let name: String
    let place: String
    let description: String
    let schema: JSONValue
    var isRequired = false

    var json: JSONValue {
        [
            "name": .string(name), "in": .string(place), "description": .string(description),
            "required": .bool(isRequired || place == "path"), "schema": schema,
        ]
    }

    var required: OpenAPIParameter {
        var parameter = self
        parameter.isRequired = true
        return parameter
    }

    static func query(
        _ name: String, _ description: String, _ schema: JSONValue
    ) -> OpenAPIParameter {
        OpenAPIParameter(name: name, place: "query", description: description, schema: schema)
    }

    static func header(
        _ name: String, _ description: String, _ schema: JSONValue
    ) -> OpenAPIParameter {
        OpenAPIParameter(name: name, place: "header", description: description, schema: schema)
    }

    /// What stands in the path is told by its name.
    static func path(_ name: String) -> OpenAPIParameter {
        let schema: JSONValue =
            switch name {
            case "version": .schema("VersionRequest")
            case "sha256": .schema("Digest")
            case "number": .schema("EventNumber")
            default: .schema("Name")
            }
        return OpenAPIParameter(
            name: name, place: "path", description: "As it was given.", schema: schema)
    }

    static let limit = query(
        "limit", "The most items of the page; 100 by default.",
        ["type": "integer", "minimum": 1, "maximum": 1000])

    /// Where the page begins, by a name that was the last one of the page before.
    static let after = query(
        "after", "The `next` of the page before.", .schema("Name"))
}

extension JSONValue {
    /// Points to a schema of the document.
    static func schema(_ name: String) -> JSONValue {
        ["$ref": .string("#/components/schemas/\(name)")]
    }

    fileprivate static func header(_ description: String) -> JSONValue {
        ["description": .string(description), "schema": ["type": "string"]]
    }
}
