public import JSON
public import Model

/// A device, as the management interface tells it: what it has proven apart from what it claims.
public struct DeviceSummary: WireMessage {
    public var id: DeviceID
    public var hardware: HardwareModel
    public var lifecycle: LifecycleStage
    /// What lets nothing be installed on it, for a person, such as `held: lab`; else `active`.
    public var standing: String
    /// The one release that an operator lets the device have; `nil` for any.
    public var pin: ReleaseID?
    /// What the device booted, by its own signed word.
    public var boot: BootReport
    public var phase: PhaseReport
    /// The rollout of the offer that the device holds.
    public var rollout: RolloutName?
    public var lastFailure: Failure?
    public var lastSeen: Instant
    public var attributes: Attributes
    /// Those of ``attributes`` that operators set.
    public var setAttributes: Attributes
    /// When it was retired, and whether it has erased itself; `nil` for one that is not.
    public var retirement: Retirement?
    /// The other key that somebody with an enrolment token has shown for the device.
    public var askedKey: Ed25519PublicKey?
    /// For each rollout that could apply, newest first, the rule that decides; only where asked for.
    public var decisions: [Decision]

    /// What one rollout says of one device.
    public struct Decision: WireMessage {
        public var rollout: RolloutName
        public var rule: String

        public init(rollout: RolloutName, rule: String) {
            self.rollout = rollout
            self.rule = rule
        }

        public var json: JSONObject {
            JSONObject([("rollout", .string(rollout.text)), ("rule", .string(rule))])
        }

        public init(_ fields: JSONFields) throws(JSONShapeError) {
            rollout = try fields.name("rollout")
            rule = try fields.string("rule")
        }
    }

    public init(
        id: DeviceID, hardware: HardwareModel, lifecycle: LifecycleStage, standing: String,
        pin: ReleaseID?, boot: BootReport,
        phase: PhaseReport, rollout: RolloutName?, lastFailure: Failure?, lastSeen: Instant,
        attributes: Attributes, setAttributes: Attributes = .none,
        retirement: Retirement? = nil, askedKey: Ed25519PublicKey? = nil,
        decisions: [Decision]
    ) {
        self.id = id
        self.hardware = hardware
        self.lifecycle = lifecycle
        self.standing = standing
        self.pin = pin
        self.boot = boot
        self.phase = phase
        self.rollout = rollout
        self.lastFailure = lastFailure
        self.lastSeen = lastSeen
        self.attributes = attributes
        self.setAttributes = setAttributes
        self.retirement = retirement
        self.askedKey = askedKey
        self.decisions = decisions
    }

    public var json: JSONObject {
        JSONObject(present: [
            ("id", .string(id.text)), ("hardware", .string(hardware.text)),
            ("lifecycle", .string(lifecycle.rawValue)), ("standing", .string(standing)),
            ("pin", .text(pin)), ("boot", .object(boot.json)),
            ("phase", .object(phase.json)), ("rollout", .text(rollout)),
            (
                "last_failure",
                lastFailure.map {
                    .object(
                        JSONObject(present: [
                            ("class", .string($0.kind.rawValue)), ("detail", .string($0.detail)),
                            ("log", $0.log.map { .string($0) }),
                        ]))
                }
            ),
            ("last_seen", .text(lastSeen)), ("attributes", attributes.json),
            ("set_attributes", setAttributes.values.isEmpty ? nil : setAttributes.json),
            ("retirement", (retirement?.json).map { .object($0) }),
            ("asked_key", askedKey.map { .string($0.hex) }), ("decisions", .list(decisions)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        id = try fields.name("id")
        hardware = try fields.name("hardware")
        lifecycle = try fields.lifecycleStage("lifecycle")
        standing = try fields.string("standing")
        pin = try fields.optionalRelease("pin")
        boot = try BootReport(fields.object("boot"))
        phase = try PhaseReport(fields.object("phase"))
        rollout = try fields.optionalName("rollout")
        lastFailure = try fields.failure("last_failure")
        lastSeen = try fields.instant("last_seen")
        attributes = try fields.attributes("attributes") ?? .none
        setAttributes = try fields.attributes("set_attributes") ?? .none
        if let retirement = try fields.optionalObject("retirement") {
            self.retirement = try Retirement(retirement)
        } else {
            retirement = nil
        }
        askedKey =
            try fields.optionalString("asked_key") == nil ? nil : fields.publicKey("asked_key")
        decisions = try fields.messages("decisions", maximumCount: 1000)
    }
}

extension JSONFields {
    func failureClass(_ member: String) throws(JSONShapeError) -> FailureClass {
        guard let kind = FailureClass(rawValue: try string(member)) else {
            throw refused(member, FailureClass.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return kind
    }

    func failure(_ member: String) throws(JSONShapeError) -> Failure? {
        guard let fields = try optionalObject(member) else { return nil }
        return Failure(
            try fields.failureClass("class"),
            try fields.string("detail", maximumByteCount: Failure.maximumDetailByteCount)
        ).with(
            log: try fields.optionalString("log", maximumByteCount: LogText.maximumByteCount))
    }
}
