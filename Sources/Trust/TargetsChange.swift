internal import JSON
public import Model

/// One change of what a targets role says.
public enum TargetsChange: Hashable, Sendable {
    /// Lists images, or lists them anew with other conditions.
    case list([SignedImage])
    /// Lists the images no longer, and notes their digests, so that no other bytes take their place.
    case withdraw([SignedImage])
    /// Trusts a role with the paths that match; a role that is trusted already is trusted anew.
    case delegate(Delegation)
    /// Trusts the role no longer, and notes what vanishes with it.
    case revoke(DelegatedRoleName, noting: [WithdrawnImage] = [])
    /// Says the same once more, for longer.
    case renew

    public static func add(_ image: SignedImage) -> TargetsChange { .list([image]) }

    /// Whom to trust with what.
    public struct Delegation: Hashable, Sendable {
        public let name: DelegatedRoleName
        public let signers: RoleSigners
        public let paths: [PathPattern]
        public let isTerminating: Bool

        public init(
            name: DelegatedRoleName, signers: RoleSigners, paths: [PathPattern],
            isTerminating: Bool
        ) {
            self.name = name
            self.signers = signers
            self.paths = paths
            self.isTerminating = isTerminating
        }
    }
}

extension Targets {
    /// These targets with a change, as `version`, not signed yet.
    func staged(
        of role: RoleName, version: Int64, _ change: TargetsChange, expires: Instant,
        hashing: some Hashing
    ) -> StagedMetadata {
        let members: [(String, JSONObject)] =
            switch change {
            case .list(let images): listing(images)
            case .withdraw(let images): withdrawing(images)
            case .delegate(let delegation):
                [("delegations", delegating(delegation, hashing: hashing))]
            case .revoke(let name, let vanishing):
                [("delegations", revoking(name))]
                    + (vanishing.isEmpty ? [] : [(WithdrawnImage.member, noting(vanishing))])
            case .renew: []
            }
        return StagedMetadata(
            role,
            document: document(
                version: version, expires: expires,
                setting: members.map { ($0.0, .object($0.1)) }))
    }

    /// Everything under `targets`, as it was signed.
    private var entries: JSONObject { object("targets") }

    private func object(_ name: String) -> JSONObject {
        guard case .object(let members) = document[name] else { return JSONObject([]) }
        return members
    }

    private func listing(_ images: [SignedImage]) -> [(String, JSONObject)] {
        [("targets", images.reduce(entries) { $0.setting($1.image.path.text, to: $1.json) })]
    }

    private func withdrawing(_ images: [SignedImage]) -> [(String, JSONObject)] {
        let paths = Set(images.map { JSONString($0.image.path.text) })
        let kept = entries.members.filter { !paths.contains($0.key) }
        return [
            ("targets", JSONObject(kept.map { ($0.key.text, $0.value) })),
            (WithdrawnImage.member, noting(images.map { WithdrawnImage($0) })),
        ]
    }

    private func noting(_ withdrawn: [WithdrawnImage]) -> JSONObject {
        withdrawn.reduce(object(WithdrawnImage.member)) { members, image in
            members.setting(image.path.text, to: image.json)
        }
    }

    private func delegating(
        _ delegation: TargetsChange.Delegation, hashing: some Hashing
    ) -> JSONObject {
        let others = delegatedRoles.filter { $0.name != delegation.name }.map(\.json)
        let keys = delegation.signers.keys.map { KeyObject($0, hashing: hashing) }
        return delegations(
            others + [delegation.json(hashing: hashing)],
            keys: keys.reduce(delegationKeys) { $0.setting($1.keyID.text, to: $1.json) })
    }

    private func revoking(_ name: DelegatedRoleName) -> JSONObject {
        delegations(
            delegatedRoles.filter { $0.name != name }.map(\.json), keys: delegationKeys)
    }

    private func delegations(_ roles: [JSONValue], keys: JSONObject) -> JSONObject {
        let used = Set(roles.flatMap(Role.keyIDs))
        let kept = keys.members.filter { used.contains($0.key) }.map { ($0.key.text, $0.value) }
        return JSONObject([("keys", .object(JSONObject(kept))), ("roles", .array(roles))])
    }

    private var delegationKeys: JSONObject {
        guard case .object(let keys) = object("delegations")["keys"] else { return JSONObject([]) }
        return keys
    }

    /// The roles that are named one by one, each with its members as they were signed.
    private var delegatedRoles: [(name: DelegatedRoleName?, json: JSONValue)] {
        guard case .array(let roles) = object("delegations")["roles"] else { return [] }
        return roles.map { role in
            guard case .object(let members) = role, case .string(let name) = members["name"] else {
                return (nil, role)
            }
            return (DelegatedRoleName(name.text), role)
        }
    }
}

extension TargetsChange.Delegation {
    fileprivate func json(hashing: some Hashing) -> JSONValue {
        [
            "name": .string(name.name),
            "keyids": .array(signers.keys.map { .string($0.keyID(hashing: hashing).text) }),
            "threshold": .integer(Int64(signers.threshold)),
            "terminating": .bool(isTerminating),
            "paths": .array(paths.map { .string($0.text) }),
        ]
    }
}

/// An image that is no longer published; its path and version stay taken.
public struct WithdrawnImage: Hashable, Sendable {
    public let path: TargetPath
    public let release: ReleaseID
    public let sha256: Digest

    /// The member of targets metadata that lists them; other TUF clients ignore it.
    static let member = "x-slipway-withdrawn"

    init(_ image: SignedImage) {
        path = image.image.path
        release = image.release
        sha256 = image.image.sha256
    }

    init(_ path: String, _ fields: JSONFields) throws(JSONShapeError) {
        guard let path = TargetPath(path), let sha256 = Digest(hex: try fields.string("sha256")),
            let release = ReleaseID(try fields.string("release"))
        else { throw fields.refused("sha256", "a withdrawn image") }
        self.path = path
        self.release = release
        self.sha256 = sha256
    }

    var json: JSONValue {
        ["release": .string("\(release)"), "sha256": .string(sha256.hex)]
    }
}
