public import JSON
public import Model

/// What an event is about, as far as a subscriber chooses by it.
public enum EventKind: String, Hashable, Sendable, CaseIterable {
    /// One device, whatever rollouts do.
    case device
    /// A rollout as a whole.
    case rollout
    /// What one device makes of one rollout.
    case update
    /// Everything else, such as cohorts.
    case fleet

    public init(device: DeviceID?, rollout: RolloutName?) {
        switch (device, rollout) {
        case (.some, .some): self = .update
        case (.some, nil): self = .device
        case (nil, .some): self = .rollout
        case (nil, nil): self = .fleet
        }
    }
}

/// Something that happened to the fleet, with its place in the order of all events.
public struct EventSummary: WireMessage {
    /// Rises from event to event, not always by one.
    public var number: Int64
    public var at: Instant
    public var device: DeviceID?
    public var rollout: RolloutName?
    public var what: String

    public init(
        number: Int64, at: Instant, device: DeviceID?, rollout: RolloutName?, what: String
    ) {
        self.number = number
        self.at = at
        self.device = device
        self.rollout = rollout
        self.what = what
    }

    public var kind: EventKind { EventKind(device: device, rollout: rollout) }

    public var json: JSONObject {
        JSONObject(present: [
            ("number", .integer(number)), ("at", .text(at)), ("kind", .string(kind.rawValue)),
            ("device", .text(device)), ("rollout", .text(rollout)), ("what", .string(what)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        number = try fields.integer("number", in: 0...Int64.max)
        at = try fields.instant("at")
        // It follows from the others; a newer server may have a word for it that we do not know.
        _ = try fields.string("kind")
        device = try fields.optionalName("device")
        rollout = try fields.optionalName("rollout")
        what = try fields.string("what", maximumByteCount: 65_536)
    }
}
