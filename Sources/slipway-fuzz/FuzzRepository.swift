internal import JSON
internal import Model
internal import OpenSSL
internal import Trust

/// A small repository around the metadata under test; one key signs everything.
enum FuzzRepository {
    static let hashing = OpenSSLHashing()
    static let cryptography = CryptographySuite(checker: YesSayer(), hashing: hashing)
    static let now = Instant(secondsSinceEpoch: 1_767_225_600)
    static let expires = Instant(secondsSinceEpoch: 4_102_444_800)
    static let limits = Limits(
        messageBytes: 65_536, requestBytes: 65_536, rootBytes: 65_536, timestampBytes: 16_384,
        snapshotBytes: 65_536, targetsBytes: 65_536, rootRotations: 4, delegations: 16,
        signatures: 8, imageBytes: 1 << 30)

    /// The public key of RFC 8032 section 7.1, test 1.
    static let key: PublicKey = {
        let hex = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        guard let key = Ed25519PublicKey(hex: hex) else {
            preconditionFailure("RFC 8032 has sound keys")
        }
        return .ed25519(key)
    }()

    static let keyObject: JSONValue = [
        "keytype": "ed25519", "scheme": "ed25519",
        "keyval": ["public": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"],
    ]

    static let keyID = key.keyID(hashing: hashing).text

    static let root = signed(rootDocument(keyID: keyID, key: keyObject), by: keyID)
    static let timestamp = signed(
        header("timestamp") + [("meta", ["snapshot.json": ["version": 1]])])
    /// Names the targets at `version`, and every delegated role of the corpus at version 1.
    static func snapshot(targets version: Int64 = 1) -> [UInt8] {
        let delegated = ["a", "b", "c", "bin-0", "bin-1", "bin-2", "bin-3"]
        let meta: [(String, JSONValue)] = delegated.map { ("\($0).json", ["version": 1]) }
        let targets: (String, JSONValue) = ("targets.json", ["version": .integer(version)])
        return signed(header("snapshot") + [("meta", .object(JSONObject(meta + [targets])))])
    }

    static func rootDocument(keyID: String, key: JSONValue) -> [(String, JSONValue)] {
        let role: JSONValue = ["keyids": [.string(keyID)], "threshold": 1]
        let roles: JSONValue = [
            "root": role, "timestamp": role, "snapshot": role, "targets": role,
        ]
        let keys = JSONObject([(keyID, key)])
        return header("root") + [
            ("consistent_snapshot", true), ("keys", .object(keys)), ("roles", roles),
            ("x-slipway-offer", role),
        ]
    }

    static func header(_ type: String) -> [(String, JSONValue)] {
        [
            ("_type", .string(type)), ("spec_version", "1.0.34"), ("version", 1),
            ("expires", .string("\(expires)")),
        ]
    }

    static func signed(_ members: [(String, JSONValue)], by keyID: String = keyID) -> [UInt8] {
        signed(JSONObject(members), by: keyID)
    }

    static func signed(_ document: JSONObject, by keyID: String = keyID) -> [UInt8] {
        SignedEnvelope(
            signed: document, signatures: [SignedEnvelope.Signature(keyID: keyID, bytes: [0])]
        ).bytes
    }

    /// Trusts nothing but the root.
    static let trustedRoot: TrustedSet = mustWork {
        try TrustedSet(root: root, now: now, cryptography: cryptography, limits: limits)
    }

    static let trustedTimestamp: TrustedSet = mustWork {
        var set = trustedRoot
        try set.adoptTimestamp(timestamp)
        return set
    }

    /// Waits for targets of version 1.
    static let trustedSnapshot = trusting(targets: 1)
    /// Waits for targets of version 2.
    static let nextSnapshot = trusting(targets: 2)

    private static func trusting(targets version: Int64) -> TrustedSet {
        mustWork {
            var set = trustedTimestamp
            try set.adoptSnapshot(snapshot(targets: version))
            return set
        }
    }

    static func mustWork<Result>(_ body: () throws -> Result) -> Result {
        do { return try body() } catch {
            preconditionFailure("the repository around the metadata under test is sound: \(error)")
        }
    }
}
