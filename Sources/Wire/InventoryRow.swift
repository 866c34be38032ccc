public import JSON
public import Model

/// One device of an inventory that is imported: what the operators know of it.
public struct InventoryRow: WireMessage {
    public var id: DeviceID
    /// `nil` when it is not known, or does not matter.
    public var hardware: HardwareModel?
    /// The key that the device will speak with; `nil` while it is not known.
    public var publicKey: Ed25519PublicKey?
    /// What operators set; nothing that the device says of itself wins over it.
    public var attributes: Attributes

    public init(
        id: DeviceID, hardware: HardwareModel?, publicKey: Ed25519PublicKey?,
        attributes: Attributes
    ) {
        self.id = id
        self.hardware = hardware
        self.publicKey = publicKey
        self.attributes = attributes
    }

    public var json: JSONObject {
        JSONObject(present: [
            ("id", .string(id.text)), ("hardware", .text(hardware)),
            ("public_key", publicKey.map { .string($0.hex) }), ("attributes", attributes.json),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        id = try fields.name("id")
        hardware = try fields.optionalName("hardware")
        publicKey =
            try fields.optionalString("public_key") == nil ? nil : fields.publicKey("public_key")
        attributes = try fields.attributes("attributes") ?? .none
    }
}

/// A device of the inventory as it is exported; ``InventoryRow`` is what an import reads of it.
public struct InventoryEntry: WireMessage {
    public var row: InventoryRow
    public var lifecycle: LifecycleStage
    /// What the device says of itself.
    public var reported: Attributes
    /// What it runs by its own signed word; `nil` when that is not known.
    public var release: ReleaseID?
    /// `nil` for one that was never heard of.
    public var lastSeen: Instant?
    /// The key that somebody has shown for it and that waits for an operator's word.
    public var askedKey: Ed25519PublicKey?

    public init(
        row: InventoryRow, lifecycle: LifecycleStage, reported: Attributes = .none,
        release: ReleaseID? = nil, lastSeen: Instant? = nil, askedKey: Ed25519PublicKey? = nil
    ) {
        self.row = row
        self.lifecycle = lifecycle
        self.reported = reported
        self.release = release
        self.lastSeen = lastSeen
        self.askedKey = askedKey
    }

    public var json: JSONObject {
        var members = row.json.members.map { ($0.key.text, Optional($0.value)) }
        members += [
            ("lifecycle", .string(lifecycle.rawValue)),
            ("reported", reported.values.isEmpty ? nil : reported.json),
            ("release", .text(release)), ("last_seen", .text(lastSeen)),
            ("asked_key", askedKey.map { .string($0.hex) }),
        ]
        return JSONObject(present: members)
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        row = try InventoryRow(fields)
        lifecycle = try fields.lifecycleStage("lifecycle")
        reported = try fields.attributes("reported") ?? .none
        release = try fields.optionalRelease("release")
        lastSeen = try fields.optionalInstant("last_seen")
        askedKey =
            try fields.optionalString("asked_key") == nil ? nil : fields.publicKey("asked_key")
    }
}
