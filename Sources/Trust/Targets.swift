public import JSON
public import Model

/// What may be installed, and whom else to ask (TUF 4.5), after the signatures were checked.
public struct Targets: Hashable, Sendable {
    public let version: Int64
    public let expires: Instant
    /// Every target that this role lists itself, by path.
    public let files: [JSONString: TargetFile]
    /// Images that were published once and must not be installed any more, by path.
    public let withdrawn: [TargetPath: WithdrawnImage]
    /// `nil` when the role trusts nobody else.
    public let delegations: Delegations?
    /// Everything as it was signed, so that publishing adds to it and no more.
    let document: JSONObject

    init(
        _ fields: JSONFields, of role: RoleName, cryptography: CryptographySuite
    ) throws(JSONShapeError) {
        let header = try MetadataHeader(fields, of: role)
        version = header.version
        expires = header.expires
        document = fields.members
        let targets = try fields.object("targets")
        var files: [JSONString: TargetFile] = Dictionary(
            minimumCapacity: targets.members.count)
        for member in targets.members.members {
            files[member.key] = try TargetFile(targets.object(member))
        }
        self.files = files
        var withdrawn: [TargetPath: WithdrawnImage] = [:]
        if let list = try fields.optionalObject(WithdrawnImage.member) {
            for member in list.members.members {
                let path = member.key.text
                let image = try WithdrawnImage(
                    path, list.object(member))
                withdrawn[image.path] = image
            }
        }
        self.withdrawn = withdrawn
        delegations = try fields.optionalObject("delegations").map {
            fields throws(JSONShapeError) in
            try Delegations(fields, cryptography: cryptography)
        }
    }

    /// Targets that are Slipway images, by path; other targets are none of our business.
    ///
    /// - Throws: When one of them cannot be read, as ``TargetFile/image(at:)`` does.
    public func images() throws(JSONShapeError) -> [TargetPath: SignedImage] {
        var images: [TargetPath: SignedImage] = [:]
        for (path, file) in files {
            if let image = try file.image(at: path.text) { images[image.image.path] = image }
        }
        return images
    }

    /// The targets that follow, with `members` in place of what stands there now.
    func document(
        version: Int64, expires: Instant, setting members: [(String, JSONValue)]
    ) -> JSONObject {
        let header: [(String, JSONValue)] = [
            ("version", .integer(version)), ("expires", .string("\(expires)")),
        ]
        return (header + members).reduce(document) { $0.setting($1.0, to: $1.1) }
    }

    /// Targets that list nothing, for a role that begins.
    static func emptyDocument(
        of role: RoleName, version: Int64, expires: Instant
    ) -> JSONObject {
        JSONObject(
            MetadataHeader.members(of: role, version: version, expires: expires) + [
                ("targets", .object(JSONObject([])))
            ])
    }
}
