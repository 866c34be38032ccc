public import JSON
public import Model

/// The one answer to a check-in; signed by the server's offer key.
public struct Directive: WireMessage {
    public var device: DeviceID
    /// The sequence of the check-in that this answers, so that an old answer cannot be replayed.
    public var answers: Int64
    /// How long the device is to wait before its next check-in, unless something happens.
    public var checkInAfterSeconds: Int
    public var order: Order?

    public init(
        device: DeviceID, answers: Int64, checkInAfterSeconds: Int, order: Order?
    ) {
        self.device = device
        self.answers = answers
        self.checkInAfterSeconds = checkInAfterSeconds
        self.order = order
    }

    /// What the device is to do besides coming back.
    public enum Order: Hashable, Sendable {
        /// A ``SignedMessage`` of an ``Offer``, which the device keeps and can show again.
        case offer(SignedMessage<Offer>)
        /// Drop the offer with this nonce unless its image is already on trial.
        case cancel(Nonce)
        /// The device has left the fleet: it installs nothing and comes back rarely.
        ///
        /// - Parameter wipe: Whether it is to erase itself first, and to say so.
        case retire(wipe: Bool)
    }

    public static let type = "slipway-directive"
    /// The longest wait that a device accepts, in seconds: a week.
    public static let maximumWaitSeconds: Int64 = 604_800

    public var json: JSONObject {
        var members: [(String, JSONValue?)] = [
            ("_type", .string(Self.type)), ("protocol", 1), ("device", .text(device)),
            ("answers", .integer(answers)),
            ("check_in_after_seconds", .integer(Int64(checkInAfterSeconds))),
        ]
        switch order {
        case .none: break
        case .offer(let offer): members.append(("offer", offer.envelope.value))
        case .cancel(let nonce): members.append(("cancel", .text(nonce)))
        case .retire(let wipe):
            members.append(("retire", true))
            if wipe { members.append(("wipe", true)) }
        }
        return JSONObject(present: members)
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuse(unless: Self.type)
        device = try fields.name("device")
        answers = try fields.integer("answers", in: 1...Int64.max)
        checkInAfterSeconds = Int(
            try fields.integer("check_in_after_seconds", in: 0...Self.maximumWaitSeconds))
        order = try Self.order(in: fields)
    }

    private static func order(in fields: JSONFields) throws(JSONShapeError) -> Order? {
        let orders = ["offer", "cancel", "retire"].filter { fields.optionalValue($0) != nil }
        guard orders.count <= 1 else {
            throw fields.refused(orders[1], "no second order beside \(orders[0])")
        }
        if let offer = fields.optionalValue("offer") {
            do { return .offer(try SignedMessage(offer)) } catch {
                throw fields.refused("offer", "a signed offer: \(error)")
            }
        }
        if let nonce: Nonce = try fields.optionalName("cancel") { return .cancel(nonce) }
        guard try fields.optionalBool("retire") == true else { return nil }
        return .retire(wipe: try fields.optionalBool("wipe") ?? false)
    }
}
