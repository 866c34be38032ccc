internal import JSON
public import Model

/// Which versions of the targets metadata belong together (TUF 4.4), after its check.
public struct Snapshot: Hashable, Sendable {
    public let version: Int64
    public let expires: Instant
    /// By file name, such as `targets.json`.
    let meta: [JSONString: MetadataDescription]

    public var targets: MetadataDescription? { self[.targets] }

    public subscript(role: RoleName) -> MetadataDescription? { meta[JSONString(role.fileName)] }

    /// Every role that is listed; a file that is no role's is nobody's business.
    public var roles: [RoleName] {
        let suffix = Array(".json".utf8)
        return meta.keys.sorted().compactMap { file in
            // By bytes: a letter before the dot may make one character with it.
            guard file.utf8.suffix(suffix.count).elementsEqual(suffix) else { return nil }
            let name = String(decoding: file.utf8.dropLast(suffix.count), as: UTF8.self)
            // The offer role has no metadata: only a delegated one can be meant by its name.
            return RoleName.topLevel.first { $0.text == name }
                ?? DelegatedRoleName(name).map { .delegated($0) }
        }
    }

    init(_ fields: JSONFields) throws(JSONShapeError) {
        let header = try MetadataHeader(fields, of: .snapshot)
        version = header.version
        expires = header.expires
        let metaFields = try fields.object("meta")
        var meta: [JSONString: MetadataDescription] = [:]
        for member in metaFields.members.members {
            meta[member.key] = try MetadataDescription(
                metaFields.object(member))
        }
        self.meta = meta
    }

    static func document(
        version: Int64, expires: Instant, meta: [JSONString: MetadataDescription]
    ) -> JSONObject {
        JSONObject(
            MetadataHeader.members(of: .snapshot, version: version, expires: expires) + [
                ("meta", .object(JSONObject(meta.map { ($0.key.text, $0.value.json) })))
            ])
    }
}
