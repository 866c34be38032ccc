internal import JSON
internal import Model

/// What all metadata begins with (TUF 4.3).
struct MetadataHeader {
    let version: Int64
    let expires: Instant

    /// The version of the specification that our own metadata follows.
    static let specification = "1.0.34"

    init(_ fields: JSONFields, of role: RoleName) throws(JSONShapeError) {
        guard try fields.string("_type") == role.typeText else {
            throw fields.refused("_type", "\"\(role.typeText)\"")
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
            ("_type", .string(role.typeText)), ("spec_version", .string(specification)),
            ("version", .integer(version)), ("expires", .string("\(expires)")),
        ]
    }
}

/// What metadata says of other metadata: its version, and its bytes where it wants to.
public struct MetadataDescription: Hashable, Sendable {
    public let version: Int64
    /// In bytes.
    public let length: Int64?
    public let hashes: Hashes?

    init(version: Int64, length: Int64?, hashes: Hashes?) {
        self.version = version
        self.length = length
        self.hashes = hashes
    }

    init(_ fields: JSONFields) throws(JSONShapeError) {
        // No metadata has a higher version; see MetadataHeader.
        version = try fields.integer("version", in: 1...Int64.max - 1)
        length = try fields.optionalInteger("length", in: 1...Int64.max)
        hashes = try fields.optionalObject("hashes") == nil ? nil : Hashes(fields)
    }

    var json: JSONValue {
        .object(
            JSONObject(present: [
                ("version", .integer(version)), ("length", length.map { .integer($0) }),
                ("hashes", hashes?.json),
            ]))
    }

    /// Whether `bytes` have the listed length and digests; what is not listed is not asked.
    func describes(_ bytes: [UInt8], hashing: some Hashing) -> Bool {
        if let length, length != Int64(bytes.count) { return false }
        return hashes?.match(bytes, hashing: hashing) ?? true
    }
}

extension MetadataDescription: CustomStringConvertible {
    public var description: String {
        [
            "version \(version)", length.map { "\($0) bytes" }, hashes.map { "\($0)" },
        ].compactMap { $0 }.joined(separator: ", ")
    }
}
