public import JSON
public import Model

/// The token of a person or a machine, as the management interface tells it: never its secret.
public struct TokenSummary: WireMessage {
    public var id: TokenID
    public var name: OperatorName
    public var role: AccessRole
    /// What of the role it is good for, sorted; `nil` for all of it.
    public var actions: [Permission]?
    /// The cohorts whose devices it may change, sorted; `nil` for any device.
    public var cohorts: [CohortName]?
    public var created: Instant
    public var createdBy: OperatorName
    public var expires: Instant?
    public var revoked: Instant?
    /// To within a minute.
    public var lastUsed: Instant?

    public init(
        id: TokenID, name: OperatorName, role: AccessRole, actions: [Permission]?,
        cohorts: [CohortName]?, created: Instant, createdBy: OperatorName, expires: Instant?,
        revoked: Instant?, lastUsed: Instant?
    ) {
        self.id = id
        self.name = name
        self.role = role
        self.actions = actions
        self.cohorts = cohorts
        self.created = created
        self.createdBy = createdBy
        self.expires = expires
        self.revoked = revoked
        self.lastUsed = lastUsed
    }

    public var json: JSONObject {
        JSONObject(present: [
            ("id", .string(id.text)), ("name", .string(name.text)),
            ("role", .string(role.rawValue)), ("actions", .words(actions?.map(\.rawValue))),
            ("cohorts", .words(cohorts?.map(\.text))), ("created", .text(created)),
            ("created_by", .string(createdBy.text)), ("expires", .text(expires)),
            ("revoked", .text(revoked)), ("last_used", .text(lastUsed)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        id = try fields.name("id")
        name = try fields.name("name")
        role = try fields.role("role")
        actions = try fields.permissions("actions")
        cohorts = try fields.names("cohorts", maximumCount: TokenRequest.maximumCohortCount)
        created = try fields.instant("created")
        createdBy = try fields.name("created_by")
        expires = try fields.optionalInstant("expires")
        revoked = try fields.optionalInstant("revoked")
        lastUsed = try fields.optionalInstant("last_used")
    }
}

/// Asks for a new token.
public struct TokenRequest: WireMessage {
    public var name: OperatorName
    public var role: AccessRole
    /// What of the role it is good for; `nil` for all of it.
    public var actions: [Permission]?
    /// The cohorts whose devices it may change; `nil` for any device.
    public var cohorts: [CohortName]?
    /// How long it is good for; `nil` for ever.
    public var lifetimeSeconds: Int64?

    public static let maximumCohortCount = 64
    /// Ten years at most.
    public static let lifetimes: ClosedRange<Int64> = 1...315_360_000

    public init(
        name: OperatorName, role: AccessRole, actions: [Permission]? = nil,
        cohorts: [CohortName]? = nil, lifetimeSeconds: Int64? = nil
    ) {
        self.name = name
        self.role = role
        self.actions = actions
        self.cohorts = cohorts
        self.lifetimeSeconds = lifetimeSeconds
    }

    public var json: JSONObject {
        JSONObject(present: [
            ("name", .string(name.text)), ("role", .string(role.rawValue)),
            ("actions", .words(actions?.map(\.rawValue))),
            ("cohorts", .words(cohorts?.map(\.text))),
            ("lifetime_seconds", lifetimeSeconds.map { .integer($0) }),
        ])
    }

    /// A member that is misspelt would grant more than was meant, so there may be no other.
    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(
            otherThan: ["name", "role", "actions", "cohorts", "lifetime_seconds"])
        name = try fields.name("name")
        role = try fields.role("role")
        actions = try fields.permissions("actions")
        cohorts = try fields.names("cohorts", maximumCount: Self.maximumCohortCount)
        lifetimeSeconds = try fields.optionalInteger("lifetime_seconds", in: Self.lifetimes)
    }
}

/// Who asks, and what they may do.
public struct WhoAmI: WireMessage {
    public var name: OperatorName
    public var role: AccessRole
    /// Sorted.
    public var permissions: [Permission]
    /// The cohorts whose devices they may change, sorted; `nil` for any device.
    public var cohorts: [CohortName]?
    /// By which token; `nil` for a person whom an identity provider vouches for.
    public var token: TokenID?
    public var expires: Instant?

    public init(
        name: OperatorName, role: AccessRole, permissions: [Permission], cohorts: [CohortName]?,
        token: TokenID?, expires: Instant?
    ) {
        self.name = name
        self.role = role
        self.permissions = permissions
        self.cohorts = cohorts
        self.token = token
        self.expires = expires
    }

    public var json: JSONObject {
        JSONObject(present: [
            ("name", .string(name.text)), ("role", .string(role.rawValue)),
            ("permissions", .words(permissions.map(\.rawValue))),
            ("cohorts", .words(cohorts?.map(\.text))), ("token", .text(token)),
            ("expires", .text(expires)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        name = try fields.name("name")
        role = try fields.role("role")
        permissions = try fields.permissions("permissions") ?? []
        cohorts = try fields.names("cohorts", maximumCount: TokenRequest.maximumCohortCount)
        token = try fields.optionalName("token")
        expires = try fields.optionalInstant("expires")
    }
}
