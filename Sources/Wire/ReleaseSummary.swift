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
        hardware = try fields.values("hardware") { HardwareModel($0) }
        from = try fields.values("from") { Version($0) }
        mayDowngrade = try fields.bool("downgrade")
    }
}

extension JSONFields {
    /// An entry that cannot be read is refused: without it, an empty `from` would stand for all.
    fileprivate func values<Value>(
        _ member: String, _ make: (String) -> Value?
    ) throws(JSONShapeError) -> [Value] {
        var values: [Value] = []
        for element in try array(member, maximumCount: 256) {
            guard case .string(let text) = element.value, let value = make(text.text) else {
                throw JSONShapeError(path: element.path, expected: "a valid \(member) entry")
            }
            values.append(value)
        }
        return values
    }
}
