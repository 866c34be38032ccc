public import Model
internal import JSON

/// The keys and thresholds of every role (TUF 4.3), after its own signatures were checked.
public struct Root: Hashable, Sendable {
    public let version: Int64
    public let expires: Instant
    public let isConsistent: Bool
    private let roles: [RoleName: Role]

    public var root: Role { role(.root) }
    public var timestamp: Role { role(.timestamp) }
    public var snapshot: Role { role(.snapshot) }
    public var targets: Role { role(.targets) }
    /// `nil` in a repository that was not made for Slipway: nothing can be offered from it.
    public var offer: Role? { roles[.offer] }

    /// The member of root metadata that names the offer key.
    static let offerMember = "x-slipway-offer"

    public func role(_ name: RoleName) -> Role {
        guard let role = roles[name] else {
            preconditionFailure("root metadata was read without its role \(name.rawValue)")
        }
        return role
    }

    init(_ fields: JSONFields, hashing: some Hashing) throws(JSONShapeError) {
        let header = try MetadataHeader(fields, of: .root)
        version = header.version
        expires = header.expires
        isConsistent = try fields.optionalBool("consistent_snapshot") ?? false
        let keys = try Self.keys(in: fields, hashing: hashing)
        let roleFields = try fields.object("roles")
        var roles: [RoleName: Role] = [:]
        for name in [RoleName.root, .timestamp, .snapshot, .targets] {
            roles[name] = try Self.role(name, roleFields.object(name.rawValue), keys: keys)
        }
        if let offer = try fields.optionalObject(Self.offerMember) {
            roles[.offer] = try Self.role(.offer, offer, keys: keys)
        }
        self.roles = roles
    }

    private static func keys(
        in fields: JSONFields, hashing: some Hashing
    ) throws(JSONShapeError) -> [KeyID: PublicKey?] {
        var keys: [KeyID: PublicKey?] = [:]
        for member in try fields.object("keys").members.members {
            let object = try KeyObject(member.value, hashing: hashing)
            guard member.key.text == object.keyID.text else {
                throw fields.refused(
                    "keys", "keys named by their SHA-256, but \(member.key.text) is not")
            }
            keys[object.keyID] = .some(object.key)
        }
        return keys
    }

    private static func role(
        _ name: RoleName, _ fields: JSONFields, keys: [KeyID: PublicKey?]
    ) throws(JSONShapeError) -> Role {
        let threshold = Int(try fields.integer("threshold", in: 1...1000))
        var named: Set<KeyID> = []
        var usable: [KeyID: PublicKey] = [:]
        for element in try fields.array("keyids", maximumCount: 1000) {
            guard case .string(let text) = element.value, let keyID = KeyID(text.text),
                named.insert(keyID).inserted
            else { throw JSONShapeError(path: element.path, expected: "key ids, each once") }
            // A key id without a key cannot sign; it is tolerated, as the specification allows.
            if let key = keys[keyID], let key { usable[keyID] = key }
        }
        guard threshold <= named.count else {
            throw fields.refused("threshold", "at most the number of keys (\(named.count))")
        }
        return Role(name: name, keys: usable, threshold: threshold)
    }
}
