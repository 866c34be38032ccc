internal import JSON
internal import Model

/// What all metadata begins with (TUF 4.3).
struct MetadataHeader {
    let version: Int64
    let expires: Instant

    init(_ fields: JSONFields, of role: RoleName) throws(JSONShapeError) {
        guard try fields.string("_type") == role.rawValue else {
            throw fields.refused("_type", "\"\(role.rawValue)\"")
        }
        let specification = try fields.string("spec_version")
        guard specification == "1" || specification.hasPrefix("1.") else {
            throw fields.refused("spec_version", "1.x")
        }
        // One less than the largest, so that there is a next version to ask for.
        version = try fields.integer("version", in: 1...Int64.max - 1)
        guard let expires = Instant(try fields.string("expires")) else {
            throw fields.refused("expires", "a time such as 2026-01-31T12:00:00Z")
        }
        self.expires = expires
    }

    static func members(
        of role: RoleName, version: Int64, expires: Instant
    ) -> [(String, JSONValue)] {
        [
            ("_type", .string(role.rawValue)), ("spec_version", "1.0.31"),
            ("version", .integer(version)), ("expires", .string("\(expires)")),
        ]
    }
}

/// What metadata says of other metadata: its version, and its bytes where it wants to.
public struct MetadataDescription: Hashable, Sendable {
    public let version: Int64
    let length: Int64?
    let sha256: Digest?

    init(version: Int64, length: Int64?, sha256: Digest?) {
        self.version = version
        self.length = length
        self.sha256 = sha256
    }

    init(_ fields: JSONFields) throws(JSONShapeError) {
        version = try fields.integer("version", in: 1...Int64.max)
        length = try fields.optionalInteger("length", in: 1...Int64.max)
        sha256 = try fields.optionalObject("hashes") == nil ? nil : fields.sha256()
    }

    var json: JSONValue {
        .object(
            JSONObject(present: [
                ("version", .integer(version)), ("length", length.map { .integer($0) }),
                ("hashes", sha256.map { ["sha256": .string($0.hex)] }),
            ]))
    }

    /// Whether `bytes` have the listed length and digest; what is not listed is not asked.
    func describes(_ bytes: [UInt8], hashing: some Hashing) -> Bool {
        if let length, length != Int64(bytes.count) { return false }
        if let sha256, sha256 != hashing.sha256(bytes) { return false }
        return true
    }
}

extension JSONFields {
    /// The SHA-256 in the member `hashes`; a list of hashes without it proves nothing here.
    func sha256() throws(JSONShapeError) -> Digest {
        let hashes = try object("hashes")
        guard let digest = Digest(hex: try hashes.string("sha256")) else {
            throw hashes.refused("sha256", "64 lower-case hexadecimal digits")
        }
        return digest
    }
}
