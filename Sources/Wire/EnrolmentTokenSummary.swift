public import JSON
public import Model

/// What lets new devices in, as the management interface tells it: never its secret.
public struct EnrolmentTokenSummary: WireMessage {
    public var id: TokenID
    /// What it lets in, and how often.
    public var terms: EnrolmentTerms
    /// How many devices it has let in.
    public var used: Int
    public var created: Instant
    public var createdBy: OperatorName
    public var expires: Instant
    public var revoked: Instant?

    public init(
        id: TokenID, terms: EnrolmentTerms, used: Int, created: Instant, createdBy: OperatorName,
        expires: Instant, revoked: Instant?
    ) {
        self.id = id
        self.terms = terms
        self.used = used
        self.created = created
        self.createdBy = createdBy
        self.expires = expires
        self.revoked = revoked
    }

    public var json: JSONObject {
        JSONObject(
            present: [("id", .string(id.text))] + terms.members + [
                ("used", .integer(Int64(used))), ("created", .text(created)),
                ("created_by", .string(createdBy.text)), ("expires", .text(expires)),
                ("revoked", .text(revoked)),
            ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        id = try fields.name("id")
        terms = try EnrolmentTerms(fields)
        used = try fields.count("used")
        created = try fields.instant("created")
        createdBy = try fields.name("created_by")
        expires = try fields.instant("expires")
        revoked = try fields.optionalInstant("revoked")
    }
}

/// Which devices an enrolment token lets in, and how many.
public struct EnrolmentTerms: Hashable, Sendable {
    /// What to know it by; at most 256 bytes.
    public var note: String
    public var uses: Int
    /// The models that it lets in, sorted; empty for any.
    public var hardware: [HardwareModel]
    /// The devices that it lets in are picked by this cohort; `nil` for any.
    public var cohort: CohortName?
    /// Values that a device has to report to be let in.
    public var attributes: Attributes

    public static let maximumNoteByteCount = 256
    public static let useCounts: ClosedRange<Int64> = 1...1_000_000
    public static let maximumHardwareCount = 64

    public init(
        note: String = "", uses: Int = 1, hardware: [HardwareModel] = [],
        cohort: CohortName? = nil, attributes: Attributes = .none
    ) {
        self.note = note
        self.uses = uses
        self.hardware = hardware
        self.cohort = cohort
        self.attributes = attributes
    }

    fileprivate var members: [(String, JSONValue?)] {
        [
            ("note", note.isEmpty ? nil : .string(note)), ("uses", .integer(Int64(uses))),
            ("hardware", hardware.isEmpty ? nil : .words(hardware.map(\.text))),
            ("cohort", .text(cohort)),
            ("attributes", attributes.values.isEmpty ? nil : attributes.json),
        ]
    }

    fileprivate static let memberNames: Set<String> = [
        "note", "uses", "hardware", "cohort", "attributes",
    ]

    fileprivate init(_ fields: JSONFields) throws(JSONShapeError) {
        note =
            try fields.optionalString("note", maximumByteCount: Self.maximumNoteByteCount) ?? ""
        uses = Int(try fields.optionalInteger("uses", in: Self.useCounts) ?? 1)
        hardware = try fields.names("hardware", maximumCount: Self.maximumHardwareCount) ?? []
        cohort = try fields.optionalName("cohort")
        attributes = try fields.attributes("attributes") ?? .none
    }
}

/// Asks for a new enrolment token.
public struct EnrolmentTokenRequest: WireMessage {
    public var terms: EnrolmentTerms
    /// How long it is good for; a year at most.
    public var lifetimeSeconds: Int64

    public static let lifetimes: ClosedRange<Int64> = 1...31_622_400

    public init(terms: EnrolmentTerms, lifetimeSeconds: Int64) {
        self.terms = terms
        self.lifetimeSeconds = lifetimeSeconds
    }

    public var json: JSONObject {
        JSONObject(present: terms.members + [("lifetime_seconds", .integer(lifetimeSeconds))])
    }

    /// A member that is misspelt would let in more than was meant, so there may be no other.
    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(
            otherThan: EnrolmentTerms.memberNames.union(["lifetime_seconds"]))
        terms = try EnrolmentTerms(fields)
        lifetimeSeconds = try fields.integer("lifetime_seconds", in: Self.lifetimes)
    }
}
