internal import JSON
public import Model

/// The images that may be installed (TUF 4.5), after the signatures were checked.
public struct Targets: Hashable, Sendable {
    public let version: Int64
    public let expires: Instant
    /// Targets that are Slipway images, by path; other targets are none of our business.
    public let images: [TargetPath: SignedImage]
    /// Everything under `targets` as it was signed, so that publishing adds to it and no more.
    let entries: JSONObject

    init(_ fields: JSONFields) throws(JSONShapeError) {
        let header = try MetadataHeader(fields, of: .targets)
        version = header.version
        expires = header.expires
        let targets = try fields.object("targets")
        entries = targets.members
        var images: [TargetPath: SignedImage] = [:]
        for member in targets.members.members {
            let path = member.key.text
            let target = try JSONFields(member.value, at: targets.path(of: path))
            guard let custom = try target.optionalObject("custom"),
                custom.members[SignedImage.member] != nil,
                let targetPath = TargetPath(path)
            else { continue }
            let length = try target.integer("length", in: 0...Int64.max)
            guard
                let image = ImageReference(
                    path: targetPath, sha256: try target.sha256(), length: length)
            else { throw target.refused("length", "at least 1 byte for an image") }
            images[targetPath] = try SignedImage(image, custom.object(SignedImage.member))
        }
        self.images = images
    }

    /// The image that `release` has for `hardware`.
    public func image(of release: ReleaseID, for hardware: HardwareModel) -> SignedImage? {
        images.values.first { $0.release == release && $0.hardware.contains(hardware) }
    }

    static func document(version: Int64, expires: Instant, entries: JSONObject) -> JSONObject {
        JSONObject(
            MetadataHeader.members(of: .targets, version: version, expires: expires) + [
                ("targets", .object(entries))
            ])
    }
}
