internal import JSON
public import Model

/// The keys and thresholds of every role (TUF 4.3), after its own signatures were checked.
public struct Root: Hashable, Sendable {
    public let version: Int64
    public let expires: Instant
    public let isConsistent: Bool
    private let roles: [RoleName: Role]
    /// Everything as it was signed, so that a rotation changes what it means to and no more.
    let document: JSONObject

    public var root: Role { role(.root) }
    public var timestamp: Role { role(.timestamp) }
    public var snapshot: Role { role(.snapshot) }
    public var targets: Role { role(.targets) }
    /// `nil` in a repository that was not made for Slipway: nothing can be offered from it.
    public var offer: Role? { roles[.offer] }

    /// The member of root metadata that names the offer key.
    static let offerMember = "x-slipway-offer"

    /// A delegated role is nobody that root knows.
    public func role(_ name: RoleName) -> Role {
        guard let role = roles[name] else {
            preconditionFailure("root metadata was read without its role \(name)")
        }
        return role
    }

    init(_ fields: JSONFields, cryptography: CryptographySuite) throws(JSONShapeError) {
        let header = try MetadataHeader(fields, of: .root)
        version = header.version
        expires = header.expires
        document = fields.members
        isConsistent = try fields.optionalBool("consistent_snapshot") ?? false
        let ring = try KeyRing(fields, cryptography: cryptography)
        let roleFields = try fields.object("roles")
        var roles: [RoleName: Role] = [:]
        for name in RoleName.topLevel {
            roles[name] = try Role(name, roleFields.object(name.text), ring: ring)
        }
        if let offer = try fields.optionalObject(Self.offerMember) {
            roles[.offer] = try Role(.offer, offer, ring: ring)
        }
        self.roles = roles
    }
}
