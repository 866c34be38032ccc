public import JSON
public import Model

/// What may be installed, and whom else to ask (TUF 4.5), after the signatures were checked.
public struct Targets: Hashable, Sendable {
    public let version: Int64
    public let expires: Instant
    /// Every target that this role lists itself, by path.
    public let files: [JSONString: TargetFile]
    /// Targets that are Slipway images, by path; other targets are none of our business.
    public let images: [TargetPath: SignedImage]
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
        var files: [JSONString: TargetFile] = [:]
        var images: [TargetPath: SignedImage] = [:]
        for member in targets.members.members {
            let path = member.key.text
            let target = try JSONFields(member.value, at: targets.path(of: path))
            let file = try TargetFile(target)
            files[member.key] = file
            guard file.custom?[SignedImage.member] != nil, let targetPath = TargetPath(path)
            else { continue }
            images[targetPath] = try SignedImage(targetPath, file, target)
        }
        self.files = files
        self.images = images
        var withdrawn: [TargetPath: WithdrawnImage] = [:]
        if let list = try fields.optionalObject(WithdrawnImage.member) {
            for member in list.members.members {
                let path = member.key.text
                let image = try WithdrawnImage(
                    path, JSONFields(member.value, at: list.path(of: path)))
                withdrawn[image.path] = image
            }
        }
        self.withdrawn = withdrawn
        delegations = try fields.optionalObject("delegations").map {
            fields throws(JSONShapeError) in
            try Delegations(fields, cryptography: cryptography)
        }
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
