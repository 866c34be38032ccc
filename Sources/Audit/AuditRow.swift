public import JSON
public import Model
public import Trust
public import Wire

/// One row of the log, chained to the one before it.
public struct AuditRow: WireMessage {
    /// From 1, without gaps.
    public var number: Int64
    public var at: Instant
    /// Who caused it, as ``AuditActor`` writes it.
    public var actor: String
    /// As ``AuditAction`` writes it; a newer server may have others.
    public var action: String
    public var subject: String
    public var device: DeviceID?
    public var rollout: RolloutName?
    /// The members that changed, as they were and as they are.
    public var before: JSONValue?
    public var after: JSONValue?
    /// The hash of the row before; 64 zeros in the first.
    public var previous: Digest
    public var sha256: Digest

    public init(
        number: Int64, at: Instant, actor: String, action: String, subject: String,
        device: DeviceID?, rollout: RolloutName?, before: JSONValue?, after: JSONValue?,
        previous: Digest, sha256: Digest
    ) {
        self.number = number
        self.at = at
        self.actor = actor
        self.action = action
        self.subject = subject
        self.device = device
        self.rollout = rollout
        self.before = before
        self.after = after
        self.previous = previous
        self.sha256 = sha256
    }

    /// The longest row as JSON, in bytes: a rollout file is in one of them.
    public static let limitBytes = 8_388_608

    // MARK: The chain

    /// Tells what is hashed here from everything else that is hashed or signed.
    private static let domain = Array("slipway audit row v1\n".utf8)

    /// The hash that the row should carry.
    ///
    /// It is taken over the canonical JSON of all other members, which can be read in one way only.
    public func hash(by hashing: any Hashing) -> Digest {
        hashing.sha256(Self.domain + JSONValue.object(content).canonicalBytes)
    }

    private var content: JSONObject {
        JSONObject(present: [
            ("number", .integer(number)), ("at", .string("\(at)")), ("actor", .string(actor)),
            ("action", .string(action)), ("subject", .string(subject)),
            ("device", device.map { .string($0.text) }),
            ("rollout", rollout.map { .string($0.text) }), ("before", before), ("after", after),
            ("previous", .string(previous.hex)),
        ])
    }

    // MARK: JSON

    public var json: JSONObject { content.setting("sha256", to: .string(sha256.hex)) }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        number = try fields.integer("number", in: 1...Int64.max)
        at = try fields.instant("at")
        actor = try fields.string("actor")
        action = try fields.string("action")
        subject = try fields.string("subject", maximumByteCount: 65_536)
        device = try fields.optionalName("device")
        rollout = try fields.optionalName("rollout")
        before = fields.optionalValue("before")
        after = fields.optionalValue("after")
        previous = try fields.digest("previous")
        sha256 = try fields.digest("sha256")
    }
}

/// Where the chain ends.
public struct AuditHead: Hashable, Sendable {
    public var number: Int64
    public var sha256: Digest

    public init(number: Int64, sha256: Digest) {
        self.number = number
        self.sha256 = sha256
    }

    public init(_ row: AuditRow) { self.init(number: row.number, sha256: row.sha256) }

    /// That of a log without rows.
    public static let start: AuditHead = {
        guard let zeros = Digest(bytes: Array(repeating: 0, count: 32)) else {
            preconditionFailure("a digest has 32 bytes")
        }
        return AuditHead(number: 0, sha256: zeros)
    }()
}
