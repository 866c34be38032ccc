public import JSON
public import Model

/// The permission that one device gets to install one image; signed by the offer key.
///
/// It chooses among images that the offline keys signed, and can do no more: the device installs
/// only what the targets metadata says, too.
public struct Offer: WireMessage {
    public var device: DeviceID
    public var nonce: Nonce
    public var rollout: RolloutName
    /// The wave through which the device is offered the release, from 0.
    public var wave: Int
    public var release: ReleaseID
    public var image: ImageReference
    /// When the lease ends; the device does not begin to install afterwards.
    public var expires: Instant
    /// From when on nobody at the device may put off the restart; `nil` for never.
    public var deferUntil: Instant?

    public init(
        device: DeviceID, nonce: Nonce, rollout: RolloutName, wave: Int, release: ReleaseID,
        image: ImageReference, expires: Instant, deferUntil: Instant? = nil
    ) {
        self.device = device
        self.nonce = nonce
        self.rollout = rollout
        self.wave = wave
        self.release = release
        self.image = image
        self.expires = expires
        self.deferUntil = deferUntil
    }

    public static let type = "slipway-offer"

    public var json: JSONObject {
        var members: [(String, JSONValue?)] = [
            ("_type", .string(Self.type)), ("protocol", 1), ("device", .text(device)),
            ("nonce", .text(nonce)), ("rollout", .text(rollout)),
            ("wave", .integer(Int64(wave))), ("release", .text(release)),
            ("expires", .text(expires)),
        ]
        if let deferUntil { members.append(("defer_until", .text(deferUntil))) }
        return JSONObject(present: members + image.members)
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuse(unless: Self.type)
        device = try fields.name("device")
        nonce = try fields.name("nonce")
        rollout = try fields.name("rollout")
        wave = Int(try fields.integer("wave", in: 0...1000))
        release = try fields.release("release")
        image = try fields.image()
        expires = try fields.instant("expires")
        deferUntil =
            try fields.optionalString("defer_until") == nil ? nil : fields.instant("defer_until")
    }
}
