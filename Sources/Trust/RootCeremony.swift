internal import JSON
public import Model

/// What a new root metadata is to say: who may sign each role, and until when.
public struct RootCeremony: Hashable, Sendable {
    public var version: Int64
    public var expires: Instant
    /// Every role of ``RoleName``.
    public var roles: [RoleName: Signers]

    public struct Signers: Hashable, Sendable {
        public var keys: [PublicKey]
        public var threshold: Int

        public init(keys: [PublicKey], threshold: Int) {
            self.keys = keys
            self.threshold = threshold
        }
    }

    public init(version: Int64, expires: Instant, roles: [RoleName: Signers]) {
        self.version = version
        self.expires = expires
        self.roles = roles
    }

    /// The metadata, not signed yet.
    func document(hashing: some Hashing) -> JSONObject {
        var keys: [KeyID: JSONValue] = [:]
        var roleMembers: [(String, JSONValue)] = []
        var offer: JSONValue?
        for name in RoleName.allCases {
            guard let signers = roles[name] else { continue }
            for key in signers.keys { keys[key.keyID(hashing: hashing)] = key.json }
            let role: JSONValue = [
                "keyids": .array(
                    signers.keys.map { .string($0.keyID(hashing: hashing).text) }),
                "threshold": .integer(Int64(signers.threshold)),
            ]
            if name == .offer { offer = role } else { roleMembers.append((name.rawValue, role)) }
        }
        let header = MetadataHeader.members(of: .root, version: version, expires: expires)
        return JSONObject(
            present: header.map { ($0.0, $0.1) } + [
                ("consistent_snapshot", true),
                ("keys", .object(JSONObject(keys.map { ($0.key.text, $0.value) }))),
                ("roles", .object(JSONObject(roleMembers))), (Root.offerMember, offer),
            ])
    }
}
