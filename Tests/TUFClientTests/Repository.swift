import JSON
import Model
import OpenSSL
import Testing
import Trust

/// A repository at one moment, kept by somebody who can do everything, also wrongly.
struct Repository: Sendable {
    /// Of all metadata; root has every version up to this one.
    var version: Int64 = 1
    var isConsistent = true
    /// What metadata says of the metadata below it, besides the version.
    var listing = Listing.lengthAndHash
    /// What the targets role lists itself.
    var targets: [FakeTarget] = []
    /// Whom the targets role trusts; `nil` for nobody.
    var delegations: JSONValue?
    var delegated: [Delegated] = []
    /// Changes of what a role says, before it is signed by those who should.
    var edits: [String: @Sendable (JSONObject) -> JSONObject] = [:]
    /// Changes of a role's bytes after it was signed; the metadata above describes the result.
    var wraps: [String: @Sendable ([UInt8]) -> [UInt8]] = [:]

    enum Listing: CaseIterable, Sendable { case nothing, lengthAndHash }

    struct Delegated: Sendable {
        var name: String
        var targets: [FakeTarget] = []
        var delegations: JSONValue?
    }

    private static let topLevel = ["root", "timestamp", "snapshot", "targets"]

    /// The one key of a role; delegated roles share theirs.
    static func key(of role: String) throws -> Ed25519PrivateKey {
        let number = topLevel.firstIndex(of: role) ?? topLevel.count
        return try Ed25519PrivateKey(seed: Array(repeating: UInt8(number + 1), count: 32))
    }

    /// Everything that clients can fetch, by the path of its URL.
    func files() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for version in 1...version {
            files[Self.path("\(version).root.json")] = try root(version)
        }
        var listed: [(String, JSONValue)] = []
        for role in delegated {
            let bytes = try targets(role.name, role.targets, role.delegations)
            files[path(of: role.name)] = bytes
            listed.append(("\(role.name).json", describe(bytes)))
        }
        let own = try targets("targets", targets, delegations)
        files[path(of: "targets")] = own
        listed.append(("targets.json", describe(own)))
        let snapshot = try sign("snapshot", [("meta", .object(JSONObject(listed)))])
        files[path(of: "snapshot")] = snapshot
        files[path(of: "timestamp")] = try sign(
            "timestamp", [("meta", ["snapshot.json": describe(snapshot)])])
        for target in targets + delegated.flatMap(\.targets) {
            files[path(of: target)] = target.content
        }
        return files
    }

    /// What a client has stored that has refreshed from here and has found every delegated role.
    func trusted() throws -> [String: [UInt8]] {
        let files = try files()
        var trusted: [String: [UInt8]] = [:]
        for role in Self.topLevel + delegated.map(\.name) {
            let bytes = try #require(files[path(of: role)])
            trusted["\(URLPath.encode(role)).json"] = bytes
        }
        return trusted
    }

    // MARK: Where things are

    private static func path(_ name: String) -> String { "/metadata/\(URLPath.encode(name))" }

    /// Where the metadata of the role is fetched from.
    func path(of role: String) -> String { Self.path(publishedName(of: role)) }

    func publishedName(of role: String) -> String {
        let isVersioned = role == "root" || (isConsistent && role != "timestamp")
        return isVersioned ? "\(version).\(role).json" : "\(role).json"
    }

    func path(of target: FakeTarget) -> String {
        "/targets/\(URLPath.encodeAll(isConsistent ? target.prefixedPath : target.path))"
    }

    // MARK: What roles say

    private func root(_ version: Int64) throws -> [UInt8] {
        var keys: [(String, JSONValue)] = []
        var roles: [(String, JSONValue)] = []
        for role in Self.topLevel {
            let key = try Self.key(of: role)
            keys.append((key.keyID.text, Self.keyObject(key)))
            roles.append((role, ["keyids": [.string(key.keyID.text)], "threshold": 1]))
        }
        return try sign(
            "root", version: version, isSpoilt: version == self.version,
            [
                ("consistent_snapshot", .bool(isConsistent)), ("keys", .object(JSONObject(keys))),
                ("roles", .object(JSONObject(roles))),
            ])
    }

    private func targets(
        _ role: String, _ targets: [FakeTarget], _ delegations: JSONValue?
    ) throws -> [UInt8] {
        let list = JSONValue.object(JSONObject(targets.map { ($0.path, $0.description) }))
        return try sign(
            role, [("targets", list)] + (delegations.map { [("delegations", $0)] } ?? []))
    }

    /// Delegations of `paths` to each of `names`, in order.
    static func delegations(to names: [String], paths: [String] = ["*", "*/*"]) throws -> JSONValue
    {
        let key = try key(of: "delegated")
        return [
            "keys": .object(JSONObject([(key.keyID.text, keyObject(key))])),
            "roles": .array(
                names.map { name in
                    [
                        "name": .string(name), "keyids": [.string(key.keyID.text)],
                        "threshold": 1, "terminating": false,
                        "paths": .array(paths.map { .string($0) }),
                    ]
                }),
        ]
    }

    /// Delegations of every path to bins (TAP 15).
    static func bins(_ prefix: String, bitLength: Int64) throws -> JSONValue {
        let key = try key(of: "delegated")
        return [
            "keys": .object(JSONObject([(key.keyID.text, keyObject(key))])),
            "succinct_roles": [
                "keyids": [.string(key.keyID.text)], "threshold": 1,
                "bit_length": .integer(bitLength), "name_prefix": .string(prefix),
            ],
        ]
    }

    static func keyObject(_ key: Ed25519PrivateKey) -> JSONValue {
        [
            "keytype": "ed25519", "scheme": "ed25519",
            "keyval": ["public": .string(key.ed25519PublicKey.hex)],
        ]
    }

    private func describe(_ bytes: [UInt8]) -> JSONValue {
        switch listing {
        case .nothing: ["version": .integer(version)]
        case .lengthAndHash:
            [
                "version": .integer(version), "length": .integer(Int64(bytes.count)),
                "hashes": ["sha256": .string(hashing.sha256(bytes).hex)],
            ]
        }
    }

    private func sign(
        _ role: String, version: Int64? = nil, isSpoilt: Bool = true,
        _ members: [(String, JSONValue)]
    ) throws -> [UInt8] {
        let type = Self.topLevel.contains(role) ? role : "targets"
        let header: [(String, JSONValue)] = [
            ("_type", .string(type)), ("expires", "2100-01-01T00:00:00Z"),
            ("spec_version", "1.0.34"), ("version", .integer(version ?? self.version)),
        ]
        var document = JSONObject(header + members)
        if isSpoilt, let edit = edits[role] { document = edit(document) }
        let key = try Self.key(of: role)
        let payload = JSONValue.object(document).canonicalBytes
        let bytes = SignedEnvelope(
            signed: document,
            signatures: [
                SignedEnvelope.Signature(keyID: key.keyID.text, bytes: try key.sign(payload))
            ]
        ).bytes
        return isSpoilt ? wraps[role]?(bytes) ?? bytes : bytes
    }
}

/// A file that somebody signs for.
struct FakeTarget: Sendable {
    var path: String
    var content: [UInt8]
    var algorithms: [HashAlgorithm] = [.sha256]

    init(_ path: String, _ content: String, _ algorithms: [HashAlgorithm] = [.sha256]) {
        self.path = path
        self.content = Array(content.utf8)
        self.algorithms = algorithms
    }

    var description: JSONValue {
        let hashes = algorithms.map { ($0.rawValue, JSONValue.string(digest($0))) }
        return [
            "length": .integer(Int64(content.count)), "hashes": .object(JSONObject(hashes)),
        ]
    }

    /// With the digest before the last name (TUF 6.2).
    var prefixedPath: String {
        let digest = digest(algorithms.contains(.sha256) ? .sha256 : .sha512)
        let last = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) }
        let start = last ?? path.startIndex
        let bytes = Array(path.utf8[..<start]) + Array("\(digest).".utf8) + path.utf8[start...]
        return String(decoding: bytes, as: UTF8.self)
    }

    private func digest(_ algorithm: HashAlgorithm) -> String {
        Hex.encode(hashing.digest(content, by: algorithm))
    }

    /// Its name in the folder of targets.
    var storedName: String { URLPath.encode(path) }
}

let hashing = OpenSSLHashing()

extension Ed25519PrivateKey {
    var keyID: KeyID { publicKey.keyID(hashing: hashing) }
}

extension Repository {
    /// The repository of most tests: the role `team` vouches for what a client wants.
    ///
    /// Every version has all of its metadata anew, and two targets of its own.
    static func version(_ version: Int64, _ listing: Listing = .lengthAndHash) throws -> Repository
    {
        Repository(
            version: version, listing: listing, targets: [own(version)],
            delegations: try delegations(to: ["team"], paths: ["team/*"]),
            delegated: [Delegated(name: "team", targets: [wanted(version)])])
    }

    /// The target that the targets role lists itself.
    static func own(_ version: Int64) -> FakeTarget {
        FakeTarget("own.img", "The targets role vouches for version \(version).")
    }

    /// The target that every attacked client asks for.
    static func wanted(_ version: Int64) -> FakeTarget {
        FakeTarget("team/\(version).img", "This is what the client wants: version \(version).")
    }
}
