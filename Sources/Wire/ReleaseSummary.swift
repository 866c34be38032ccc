public import JSON
public import Model

/// A published release, as the management interface tells it.
public struct ReleaseSummary: WireMessage {
    public var release: ReleaseID
    public var images: [ImageSummary]

    public init(release: ReleaseID, images: [ImageSummary]) {
        self.release = release
        self.images = images
    }

    public var json: JSONObject {
        JSONObject([("release", .string("\(release)")), ("images", .list(images))])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        release = try fields.release("release")
        images = try fields.messages("images", maximumCount: 100_000)
    }
}

/// One image of a release.
public struct ImageSummary: WireMessage {
    public var image: ImageReference
    public var hardware: [HardwareModel]
    /// The versions that may upgrade to it; empty stands for all.
    public var from: [Version]
    public var mayDowngrade: Bool

    public init(
        image: ImageReference, hardware: [HardwareModel], from: [Version], mayDowngrade: Bool
    ) {
        self.image = image
        self.hardware = hardware
        self.from = from
        self.mayDowngrade = mayDowngrade
    }

    public var json: JSONObject {
        JSONObject(
            present: image.members + [
                ("hardware", .array(hardware.map { .string($0.text) })),
                ("from", .array(from.map { .string($0.text) })),
                ("downgrade", .bool(mayDowngrade)),
            ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        image = try fields.image()
        hardware = try fields.strings("hardware", maximumCount: 256).compactMap {
            HardwareModel($0)
        }
        from = try fields.strings("from", maximumCount: 256).compactMap { Version($0) }
        mayDowngrade = try fields.bool("downgrade")
    }
}
