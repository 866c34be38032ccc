internal import JSON
internal import Model

/// Whom targets metadata trusts with some of its paths (TUF 4.5, TAP 15).
public struct Delegations: Hashable, Sendable {
    public let kind: Kind

    public enum Kind: Hashable, Sendable {
        /// Roles in the order in which they are asked.
        case roles([DelegatedRole])
        /// Bins that share their keys; each path belongs to exactly one.
        case bins(SuccinctBins)
    }

    /// The most roles that one piece of metadata names one by one.
    static let maximumRoleCount = 8192

    init(_ fields: JSONFields, cryptography: CryptographySuite) throws(JSONShapeError) {
        let ring = try KeyRing(fields, cryptography: cryptography)
        if let bins = try fields.optionalObject("succinct_roles") {
            guard fields.optionalValue("roles") == nil else {
                throw fields.refused("roles", "nothing beside succinct_roles")
            }
            kind = .bins(try SuccinctBins(bins, ring: ring))
            return
        }
        var roles: [DelegatedRole] = []
        var names: Set<DelegatedRoleName> = []
        for element in try fields.array("roles", maximumCount: Self.maximumRoleCount) {
            let role = try DelegatedRole(element.object(), ring: ring)
            guard names.insert(role.name).inserted else {
                throw JSONShapeError(path: element.path, expected: "each role once")
            }
            roles.append(role)
        }
        kind = .roles(roles)
    }

    /// The roles to ask for `path`, in order.
    func candidates(for path: JSONString, hashing: some Hashing) -> [Candidate] {
        switch kind {
        case .roles(let roles):
            let digest = Hex.encode(hashing.sha256(Array(path.utf8)).bytes)
            return roles.filter { $0.scope.covers(path, sha256Hex: digest) }
                .map { Candidate(name: $0.name, isTerminating: $0.isTerminating) }
        case .bins(let bins):
            return bins.bin(of: path, hashing: hashing).map {
                [Candidate(name: $0, isTerminating: false)]
            } ?? []
        }
    }

    /// Who has to sign the role called `name`; `nil` when nothing is delegated to it.
    func role(_ name: DelegatedRoleName) -> Role? {
        switch kind {
        case .roles(let roles): roles.first { $0.name == name }?.role
        case .bins(let bins): bins.contains(name) ? bins.role(name) : nil
        }
    }

    struct Candidate {
        let name: DelegatedRoleName
        let isTerminating: Bool
    }
}

/// One role that targets metadata names (TUF 4.5).
public struct DelegatedRole: Hashable, Sendable {
    public let name: DelegatedRoleName
    public let role: Role
    /// Whether no role after it is asked for the paths that it covers.
    public let isTerminating: Bool
    public let scope: Scope

    /// Which paths the role may speak for.
    public enum Scope: Hashable, Sendable {
        case paths([PathPattern])
        /// Beginnings of the hexadecimal SHA-256 of the path.
        case hashPrefixes([String])

        func covers(_ path: JSONString, sha256Hex: String) -> Bool {
            switch self {
            case .paths(let patterns): patterns.contains { $0.matches(path) }
            case .hashPrefixes(let prefixes):
                prefixes.contains { sha256Hex.utf8.starts(with: $0.utf8) }
            }
        }
    }

    /// The most patterns or prefixes of one role.
    static let maximumPatternCount = 65_536

    init(_ fields: JSONFields, ring: KeyRing) throws(JSONShapeError) {
        guard let name = DelegatedRoleName(try fields.string("name")) else {
            throw fields.refused("name", "a delegated role's name")
        }
        self.name = name
        role = try Role(.delegated(name), fields, ring: ring)
        isTerminating = try fields.bool("terminating")
        scope = try Self.scope(fields)
    }

    private static func scope(_ fields: JSONFields) throws(JSONShapeError) -> Scope {
        let hasPaths = fields.optionalValue("paths") != nil
        guard hasPaths != (fields.optionalValue("path_hash_prefixes") != nil) else {
            throw fields.refused("paths", "either paths or path_hash_prefixes")
        }
        if hasPaths {
            let patterns = try fields.strings("paths", maximumCount: maximumPatternCount)
            return .paths(patterns.map { PathPattern($0) })
        }
        let prefixes = try fields.strings(
            "path_hash_prefixes", maximumCount: maximumPatternCount
        ).map(\.text)
        let isHexadecimal = prefixes.allSatisfy { prefix in
            (1...64).contains(prefix.utf8.count)
                && prefix.utf8.allSatisfy {
                    (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
                }
        }
        guard isHexadecimal else {
            throw fields.refused("path_hash_prefixes", "1 to 64 lower-case hexadecimal digits")
        }
        return .hashPrefixes(prefixes)
    }
}

/// Bins by the first bits of a path's SHA-256, all signed by the same keys (TAP 15).
public struct SuccinctBins: Hashable, Sendable {
    /// There are 2 to the power of this many bins.
    public let bitLength: Int
    public let namePrefix: String
    private let keys: Role

    init(_ fields: JSONFields, ring: KeyRing) throws(JSONShapeError) {
        bitLength = Int(try fields.integer("bit_length", in: 1...32))
        namePrefix = try fields.string("name_prefix", maximumByteCount: 64)
        guard let first = Self.name(0, bitLength, namePrefix) else {
            throw fields.refused("name_prefix", "the beginning of a role's name")
        }
        keys = try Role(.delegated(first), fields, ring: ring)
    }

    /// The bin that `path` belongs to.
    func bin(of path: JSONString, hashing: some Hashing) -> DelegatedRoleName? {
        let bits = hashing.sha256(Array(path.utf8)).bytes.prefix(4).reduce(UInt64(0)) {
            $0 << 8 | UInt64($1)
        }
        return Self.name(bits >> UInt64(32 - bitLength), bitLength, namePrefix)
    }

    func contains(_ name: DelegatedRoleName) -> Bool {
        let beginning = Array("\(namePrefix)-".utf8)
        guard name.name.utf8.starts(with: beginning) else { return false }
        let digits = String(decoding: name.name.utf8.dropFirst(beginning.count), as: UTF8.self)
        guard let number = UInt64(digits, radix: 16), number < 1 << UInt64(bitLength) else {
            return false
        }
        return Self.name(number, bitLength, namePrefix) == name
    }

    func role(_ name: DelegatedRoleName) -> Role { keys.named(.delegated(name)) }

    /// The prefix and the number, in as many digits as the last bin's number has.
    private static func name(
        _ number: UInt64, _ bitLength: Int, _ prefix: String
    ) -> DelegatedRoleName? {
        let digits = String(number, radix: 16)
        let width = (bitLength + 3) / 4
        let padding = String(repeating: "0", count: max(0, width - digits.count))
        return DelegatedRoleName("\(prefix)-\(padding)\(digits)")
    }
}

extension JSONFields {
    fileprivate func strings(
        _ member: String, maximumCount: Int
    ) throws(JSONShapeError) -> [JSONString] {
        var strings: [JSONString] = []
        for element in try array(member, maximumCount: maximumCount) {
            guard case .string(let text) = element.value else {
                throw JSONShapeError(path: element.path, expected: "a string")
            }
            strings.append(text)
        }
        return strings
    }
}
