import JSON
import Model
import OpenSSL
import Testing
import Trust

/// A role that targets metadata names, with every chance to name it wrongly.
struct FakeDelegation: Sendable {
    var name: String
    var keys: [UInt8]
    var threshold: Int64 = 1
    var paths: [String]? = ["*"]
    var hashPrefixes: [String]?
    var isTerminating = false

    func json() throws -> JSONObject {
        JSONObject(present: [
            ("name", .string(name)),
            ("keyids", .array(try keys.map { .string(try key($0).keyID.text) })),
            ("threshold", .integer(threshold)),
            ("terminating", .bool(isTerminating)),
            ("paths", paths.map { .array($0.map { .string($0) }) }),
            ("path_hash_prefixes", hashPrefixes.map { .array($0.map { .string($0) }) }),
        ])
    }
}

func delegated(_ name: String) throws -> RoleName {
    .delegated(try #require(DelegatedRoleName(name)))
}

/// The member `delegations` that names the roles in this order.
func delegating(_ roles: [FakeDelegation]) throws -> JSONObject {
    JSONObject([
        ("keys", .object(try keyObjects(roles.flatMap(\.keys)))),
        ("roles", .array(try roles.map { .object(try $0.json()) })),
    ])
}

/// The member `keys` with these keys.
func keyObjects(_ numbers: [UInt8]) throws -> JSONObject {
    try JSONObject(
        Set(numbers).map { (try key($0).keyID.text, FakeRepository.keyObject(try key($0))) })
}

/// A change that lets `keys` sign a role, in place of whoever did.
func delegation(
    _ name: String, _ keys: [UInt8], threshold: Int = 1, paths: [String] = ["*"],
    isTerminating: Bool = false
) throws -> TargetsChange {
    .delegate(
        TargetsChange.Delegation(
            name: try #require(DelegatedRoleName(name)),
            signers: try RoleSigners(
                keys: keys.map { try key($0).publicKey }, threshold: threshold),
            paths: paths.map { PathPattern(JSONString($0)) }, isTerminating: isTerminating))
}

/// A target of three bytes that nobody ever fetches.
let plainTarget: JSONValue = [
    "length": 3, "hashes": ["sha256": .string(String(repeating: "ab", count: 32))],
]

extension FakeRepository {
    /// Publishes targets metadata of `role` that lists `paths` and delegates to `roles`.
    ///
    /// - Parameter keys: Who signs the role from now on; `nil` leaves it as it is.
    mutating func write(
        _ role: RoleName, listing paths: [String] = [], trusting roles: [FakeDelegation] = [],
        keys: [UInt8]? = nil
    ) throws {
        try write(
            role, listing: paths,
            delegations: roles.isEmpty ? nil : try delegating(roles), keys: keys)
    }

    mutating func write(
        _ role: RoleName, listing paths: [String] = [], delegations: JSONObject?,
        keys: [UInt8]? = nil
    ) throws {
        if let keys { signers[role] = try keys.map(key) }
        let version = documents[role] == nil ? 0 : try version(of: role)
        documents[role] = JSONObject(present: [
            ("_type", "targets"), ("spec_version", "1.0.34"), ("version", .integer(version)),
            ("expires", .string("\(later)")),
            ("targets", .object(JSONObject(paths.map { ($0, plainTarget) }))),
            ("delegations", delegations.map { .object($0) }),
        ])
        try publish(role)
    }

    /// Publishes a root that says so, and everything under its plain name.
    mutating func stopBeingConsistent() throws {
        try publish(.root) { $0.editing("consistent_snapshot", to: false) }
        let versioned = self
        isConsistent = false
        for role in documents.keys { files[try name(of: role)] = try versioned.bytes(of: role) }
        try publish(.snapshot)
    }

    /// A repository whose roles delegate to each other.
    ///
    /// - Parameters:
    ///   - edges: For each role the roles that it names in turn, all of them for every path; an
    ///     exclamation mark makes a delegation terminating. Each role has a key of its own.
    ///   - listers: The roles that list the target `a`.
    init(edges: [String: [String]], listers: Set<String>) throws {
        try self.init()
        let names = Set(edges.values.joined().map { $0.trimming("!") }).sorted()
        var keys: [String: UInt8] = [:]
        for (index, name) in names.enumerated() { keys[name] = UInt8(100 + index) }
        for name in names + ["targets"] {
            let roles = (edges[name] ?? []).map { child in
                FakeDelegation(
                    name: child.trimming("!"), keys: [keys[child.trimming("!"), default: 0]],
                    isTerminating: child.hasSuffix("!"))
            }
            let role = name == "targets" ? .targets : try delegated(name)
            try write(
                role, listing: listers.contains(name) ? ["a"] : [], trusting: roles,
                keys: name == "targets" ? nil : [keys[name, default: 0]])
        }
    }
}

extension String {
    fileprivate func trimming(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
