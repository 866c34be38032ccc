public import Model

/// Who asks, once it is known, and what they may do.
public struct Principal: Hashable, Sendable {
    public var name: OperatorName
    public var role: AccessRole
    /// What is left of the role by the token's scope.
    public var permissions: Set<Permission>
    /// The cohorts whose devices they may change; `nil` for any device.
    public var cohorts: Set<CohortName>?
    /// By which token; `nil` for a person whom an identity provider vouches for.
    public var token: TokenID?
    public var expires: Instant?

    /// - Parameters:
    ///   - actions: What of the role is granted; `nil` for all of it.
    ///   - cohorts: Then what cannot be bounded to cohorts is not granted.
    public init(
        name: OperatorName, role: AccessRole, actions: Set<Permission>?, cohorts: Set<CohortName>?,
        token: TokenID?, expires: Instant?
    ) {
        self.name = name
        self.role = role
        var granted = role.permissions
        if let actions { granted.formIntersection(actions) }
        if cohorts != nil { granted = granted.filter(\.staysWithinCohorts) }
        permissions = granted
        self.cohorts = cohorts
        self.token = token
        self.expires = expires
    }
}

/// Vouches for people who show something else than a token of ours.
public protocol IdentityProvider: Sendable {
    /// Who shows `text` at `moment`; `nil` for nobody who is known.
    ///
    /// Whatever is wrong with the text is no error; it may take seconds when keys are fetched.
    func principal(showing text: String, at moment: Instant) async -> Principal?
}
