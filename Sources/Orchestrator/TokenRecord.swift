public import Model

/// The token of a person or a machine, as the store keeps it: without its secret.
public struct TokenRecord: Hashable, Sendable {
    public var id: TokenID
    /// Of the token's whole text.
    public var digest: Digest
    /// Whose it is.
    public var name: OperatorName
    public var role: AccessRole
    /// What of the role it is good for; `nil` for all of it.
    public var actions: Set<Permission>?
    /// The cohorts whose devices it may change; `nil` for any device.
    public var cohorts: Set<CohortName>?
    public var created: Instant
    public var createdBy: OperatorName
    /// From when on it is good for nothing; `nil` for never.
    public var expires: Instant?
    public var revoked: Instant?
    /// To within a minute.
    public var lastUsed: Instant?

    public init(
        id: TokenID, digest: Digest, name: OperatorName, role: AccessRole,
        actions: Set<Permission>?,
        cohorts: Set<CohortName>?, created: Instant, createdBy: OperatorName, expires: Instant?,
        revoked: Instant? = nil, lastUsed: Instant? = nil
    ) {
        self.id = id
        self.digest = digest
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

    func isGood(at moment: Instant) -> Bool {
        revoked == nil && expires.map { moment < $0 } ?? true
    }

    var principal: Principal {
        Principal(
            name: name, role: role, actions: actions, cohorts: cohorts, token: id,
            expires: expires)
    }
}

/// What lets so many new devices in, as the store keeps it: without its secret.
public struct EnrolmentTokenRecord: Hashable, Sendable {
    public var id: TokenID
    /// Of the token's whole text.
    public var digest: Digest
    /// What somebody wrote to know it by; at most 256 bytes.
    public var note: String
    /// How many devices it may let in, and how many it has.
    public var uses: Int
    public var used: Int
    /// The models that it lets in; empty for any.
    public var hardware: Set<HardwareModel>
    /// The devices that it lets in are picked by this cohort's newest version; `nil` for any.
    public var cohort: CohortName?
    /// Values that a device has to report to be let in.
    public var attributes: Attributes
    public var created: Instant
    public var createdBy: OperatorName
    public var expires: Instant
    public var revoked: Instant?

    public init(
        id: TokenID, digest: Digest, note: String, uses: Int, used: Int = 0,
        hardware: Set<HardwareModel>, cohort: CohortName?, attributes: Attributes,
        created: Instant, createdBy: OperatorName, expires: Instant, revoked: Instant? = nil
    ) {
        self.id = id
        self.digest = digest
        self.note = note
        self.uses = uses
        self.used = used
        self.hardware = hardware
        self.cohort = cohort
        self.attributes = attributes
        self.created = created
        self.createdBy = createdBy
        self.expires = expires
        self.revoked = revoked
    }

    func isGood(at moment: Instant) -> Bool {
        revoked == nil && used < uses && moment < expires
    }
}
