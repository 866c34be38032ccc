internal import JSON
public import Model

/// What the next root metadata is to say: who may sign each role, and until when (TUF 6.1).
///
/// Whatever the root before it says besides stays as it is.
public struct RootDraft: Hashable, Sendable {
    public let version: Int64
    public var expires: Instant
    private var document: JSONObject
    private var signers: [RoleName: RoleSigners] = [:]

    /// The first root of a repository.
    public init(expires: Instant, roles: [RoleName: RoleSigners]) {
        version = 1
        self.expires = expires
        document = JSONObject([
            ("_type", .string(RoleName.root.typeText)), ("consistent_snapshot", true),
            ("keys", .object(JSONObject([]))), ("roles", .object(JSONObject([]))),
            ("spec_version", .string(MetadataHeader.specification)),
        ])
        signers = roles
    }

    /// The same root once more, changed before anybody has published it.
    init(revising root: Root) {
        version = root.version
        expires = root.expires
        document = root.document
    }

    /// The root that follows `root`; it expires when that one does, until it is told otherwise.
    public init(following root: Root) {
        version = root.version + 1
        expires = root.expires
        document = root.document
    }

    /// Lets `signers` sign `role` from now on, and nobody else.
    ///
    /// Only the roles that root names can be set.
    public mutating func set(_ role: RoleName, _ signers: RoleSigners) {
        precondition(RoleName.ofRoot.contains(role), "root names no delegated roles")
        self.signers[role] = signers
    }

    /// The metadata, not signed yet.
    ///
    /// Keys that no role uses any more are left out.
    public func staged(hashing: some Hashing) -> StagedMetadata {
        var keys = members("keys")
        var roles = members("roles")
        var offer = document[Root.offerMember]
        for (role, signers) in signers {
            for key in signers.keys {
                let object = KeyObject(key, hashing: hashing)
                keys = keys.setting(object.keyID.text, to: object.json)
            }
            let value = signers.json(hashing: hashing)
            if role == .offer { offer = value } else { roles = roles.setting(role.text, to: value) }
        }
        let used = Set(
            (roles.members.map(\.value) + [offer].compactMap { $0 }).flatMap(Role.keyIDs))
        let kept = keys.members.filter { used.contains($0.key) }.map { ($0.key.text, $0.value) }
        let next = document.setting("version", to: .integer(version))
            .setting("expires", to: .string("\(expires)"))
            .setting("keys", to: .object(JSONObject(kept)))
            .setting("roles", to: .object(roles))
        return StagedMetadata(
            .root, document: offer.map { next.setting(Root.offerMember, to: $0) } ?? next)
    }

    private func members(_ name: String) -> JSONObject {
        guard case .object(let members) = document[name] else { return JSONObject([]) }
        return members
    }
}
