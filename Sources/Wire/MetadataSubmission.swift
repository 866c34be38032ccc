public import JSON

/// Signed metadata of a repository that is to be published, all of it or none.
public struct MetadataSubmission: WireMessage {
    /// By the role's name, the file as it was signed.
    public var files: [String: [UInt8]]

    /// The most files of one submission.
    public static let maximumCount = 64

    public init(files: [String: [UInt8]]) { self.files = files }

    public var json: JSONObject {
        // The signatures cover canonical JSON, which is UTF-8, so the text is the very bytes.
        let entries = files.sorted { $0.key < $1.key }.map { role, bytes -> JSONValue in
            [
                "role": .string(role),
                "file": .string(String(decoding: bytes, as: UTF8.self)),
            ]
        }
        return JSONObject([("metadata", .array(entries))])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["metadata"])
        files = [:]
        for element in try fields.array("metadata", maximumCount: Self.maximumCount) {
            let entry = try element.object()
            try entry.refuseMembers(otherThan: ["role", "file"])
            let role = try entry.string("role")
            let file = try entry.string("file", maximumByteCount: Int.max)
            guard files.updateValue(Array(file.utf8), forKey: role) == nil else {
                throw entry.refused("role", "each role once")
            }
        }
    }
}
