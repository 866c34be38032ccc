public import JSON
public import Model

/// One version of a saved selector, as the management interface tells it.
public struct CohortSummary: WireMessage {
    public var version: CohortVersion
    /// As its author wrote it.
    public var selector: String
    /// The same with the selector of each cohort that it names in the place of the name.
    public var expanded: String
    public var author: OperatorName
    public var saved: Instant

    public init(
        version: CohortVersion, selector: String, expanded: String, author: OperatorName,
        saved: Instant
    ) {
        self.version = version
        self.selector = selector
        self.expanded = expanded
        self.author = author
        self.saved = saved
    }

    public var json: JSONObject {
        JSONObject([
            ("name", .string(version.name.text)), ("version", .integer(Int64(version.number))),
            ("selector", .string(selector)), ("expanded", .string(expanded)),
            ("author", .string(author.text)), ("saved", .string("\(saved)")),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        let number = try fields.integer("version", in: 1...Int64(CohortVersion.maximumNumber))
        guard let version = CohortVersion(name: try fields.name("name"), number: Int(number)) else {
            throw fields.refused("version", "a version")
        }
        self.version = version
        selector = try fields.selector("selector")
        expanded = try fields.selector("expanded")
        author = try fields.name("author")
        saved = try fields.instant("saved")
    }
}

/// All that is known of one cohort.
public struct CohortHistory: WireMessage {
    public var name: CohortName
    /// How many devices the newest version picks now.
    public var devices: Int
    /// The newest first.
    public var versions: [CohortSummary]

    public init(name: CohortName, devices: Int, versions: [CohortSummary]) {
        self.name = name
        self.devices = devices
        self.versions = versions
    }

    public var json: JSONObject {
        JSONObject([
            ("name", .string(name.text)), ("devices", .integer(Int64(devices))),
            ("versions", .list(versions)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        name = try fields.name("name")
        devices = try fields.count("devices")
        versions = try fields.messages("versions", maximumCount: CohortVersion.maximumNumber)
    }
}

/// Asks that a selector be saved under the name in the path.
public struct CohortRequest: WireMessage {
    public var selector: String

    public init(selector: String) { self.selector = selector }

    public var json: JSONObject { JSONObject([("selector", .string(selector))]) }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["selector"])
        selector = try fields.selector("selector")
    }
}

extension JSONFields {
    /// The longest selector with the texts of all its cohorts; what people write is shorter.
    private static var selectorByteCount: Int { 65_536 }

    func selector(_ member: String) throws(JSONShapeError) -> String {
        try string(member, maximumByteCount: Self.selectorByteCount)
    }

    func optionalSelector(_ member: String) throws(JSONShapeError) -> String? {
        try optionalString(member, maximumByteCount: Self.selectorByteCount)
    }
}
