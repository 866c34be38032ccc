internal import JSON
internal import Model
internal import Trust

/// What is to be signed, on its way to where the keys are.
struct SigningRequest {
    let entries: [Entry]

    /// Metadata of one role, and the keys that may sign it.
    struct Entry {
        let metadata: StagedMetadata
        let keys: [KeyID: PublicKey]
    }

    private static let type = "slipway-signing-request"
    private static let limitBytes = 33_554_432

    init(_ round: SigningRound) {
        entries = round.staged.keys.sorted { $0.text < $1.text }.compactMap { role in
            let keys = round.signers(of: role).flatMap(\.keys)
            return round.staged[role].map {
                Entry(metadata: $0, keys: Dictionary(keys) { first, _ in first })
            }
        }
    }

    var json: JSONValue {
        let metadata = entries.map { entry -> JSONValue in
            let keys = entry.keys.sorted { $0.key < $1.key }.map { keyID, key -> JSONValue in
                [
                    "keyid": .string(keyID.text), "scheme": .string(key.scheme.rawValue),
                    "public": .string(key.text),
                ]
            }
            let file = String(decoding: entry.metadata.bytes, as: UTF8.self)
            return [
                "role": .string(entry.metadata.role.text), "file": .string(file),
                "keys": .array(keys),
            ]
        }
        return ["_type": .string(Self.type), "metadata": .array(metadata)]
    }

    /// Reads what `repo export` wrote.
    init(reading path: String) throws(SlipwayError) {
        entries = try TextFile.read(path, type: Self.type, limitBytes: Self.limitBytes) { fields in
            try fields.array("metadata", maximumCount: 64).map {
                try Self.entry($0.object())
            }
        }
    }

    private static func entry(_ fields: JSONFields) throws -> Entry {
        guard let role = RoleName(try fields.string("role")) else {
            throw fields.refused("role", "a role's name")
        }
        let file = try fields.string("file", maximumByteCount: limitBytes)
        var keys: [KeyID: PublicKey] = [:]
        for element in try fields.array("keys", maximumCount: 1000) {
            let entry = try element.object()
            let checker = RepositorySource.cryptography.checker
            guard let keyID = KeyID(try entry.string("keyid")),
                let scheme = SignatureScheme(rawValue: try entry.string("scheme")),
                let key = PublicKey(
                    try entry.string("public", maximumByteCount: 4096), scheme: scheme,
                    checker: checker)
            else { throw entry.refused("public", "a public key") }
            keys[keyID] = key
        }
        return Entry(
            metadata: try StagedMetadata(parsing: Array(file.utf8), of: role, limits: .standard),
            keys: keys)
    }
}

/// A signature on its way back from where the key is.
struct DetachedSignature {
    let role: RoleName
    let keyID: KeyID
    let bytes: [UInt8]

    private static let type = "slipway-signatures"
    private static let limitBytes = 1_048_576
    private static let maximumCount = 1000

    static func json(_ signatures: [DetachedSignature]) -> JSONValue {
        [
            "_type": .string(type),
            "signatures": .array(
                signatures.map {
                    [
                        "role": .string($0.role.text), "keyid": .string($0.keyID.text),
                        "sig": .string(Hex.encode($0.bytes)),
                    ]
                }),
        ]
    }

    /// Reads what `key sign` wrote.
    static func read(_ path: String) throws(SlipwayError) -> [DetachedSignature] {
        try TextFile.read(path, type: type, limitBytes: limitBytes) { fields in
            try fields.array("signatures", maximumCount: maximumCount).map { element in
                let entry = try element.object()
                guard let role = RoleName(try entry.string("role")),
                    let keyID = KeyID(try entry.string("keyid"))
                else { throw entry.refused("keyid", "a role and one of its keys") }
                return DetachedSignature(
                    role: role, keyID: keyID,
                    bytes: try entry.hex("sig", maximumByteCount: 1024))
            }
        }
    }
}
