internal import JSON
public import Model

/// Which snapshot is current (TUF 4.6), after its signatures were checked.
public struct Timestamp: Hashable, Sendable {
    public let version: Int64
    public let expires: Instant
    public let snapshot: MetadataDescription

    init(_ fields: JSONFields) throws(JSONShapeError) {
        let header = try MetadataHeader(fields, of: .timestamp)
        version = header.version
        expires = header.expires
        let meta = try fields.object("meta")
        guard meta.members.count == 1 else {
            throw fields.refused("meta", "snapshot.json and nothing else")
        }
        snapshot = try MetadataDescription(meta.object(RoleName.snapshot.fileName))
    }

    static func document(
        version: Int64, expires: Instant, snapshot: MetadataDescription
    ) -> JSONObject {
        JSONObject(
            MetadataHeader.members(of: .timestamp, version: version, expires: expires) + [
                ("meta", [RoleName.snapshot.fileName: snapshot.json])
            ])
    }
}
