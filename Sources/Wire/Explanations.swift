public import JSON
public import Model

/// One rule that was asked, and the values that decided.
public struct ExplainedStep: WireMessage {
    /// Such as `eligibility` or `soak`.
    public var rule: String
    public var detail: String
    /// Whether the rule let it pass; the first that did not decided.
    public var holds: Bool

    public init(rule: String, detail: String, holds: Bool) {
        self.rule = rule
        self.detail = detail
        self.holds = holds
    }

    public var json: JSONObject {
        JSONObject([
            ("rule", .string(rule)), ("detail", .string(detail)), ("holds", .bool(holds)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        rule = try fields.string("rule")
        detail = try fields.string("detail", maximumByteCount: 16_384)
        holds = try fields.bool("holds")
    }
}

/// Something that happened, as it was written down.
public struct ExplainedEvent: WireMessage {
    public var at: Instant
    public var device: DeviceID?
    public var rollout: RolloutName?
    public var what: String

    public init(at: Instant, device: DeviceID?, rollout: RolloutName?, what: String) {
        self.at = at
        self.device = device
        self.rollout = rollout
        self.what = what
    }

    public var json: JSONObject {
        JSONObject(present: [
            ("at", .text(at)), ("device", .text(device)), ("rollout", .text(rollout)),
            ("what", .string(what)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        at = try fields.instant("at")
        device = try fields.optionalName("device")
        rollout = try fields.optionalName("rollout")
        what = try fields.string("what", maximumByteCount: 16_384)
    }
}

/// Why a device is, or was, offered what it is offered: each rollout's rules, in their order.
public struct DeviceExplanation: WireMessage {
    public var device: DeviceID
    /// The moment that is explained.
    public var at: Instant
    /// What was known of the device then, a clause each.
    public var facts: [String]
    /// In the order in which they are asked; the first that concerns the device decides.
    public var rollouts: [Asked]
    /// What was decided.
    public var conclusion: String
    /// The newest events of the device until then, the oldest first.
    public var events: [ExplainedEvent]

    /// What one rollout said.
    public struct Asked: WireMessage {
        public var rollout: RolloutName
        public var release: ReleaseID?
        public var steps: [ExplainedStep]
        /// What came of it.
        public var ruling: String

        public init(
            rollout: RolloutName, release: ReleaseID?, steps: [ExplainedStep], ruling: String
        ) {
            self.rollout = rollout
            self.release = release
            self.steps = steps
            self.ruling = ruling
        }

        public var json: JSONObject {
            JSONObject(present: [
                ("rollout", .text(rollout)), ("release", .text(release)),
                ("steps", .list(steps)), ("ruling", .string(ruling)),
            ])
        }

        public init(_ fields: JSONFields) throws(JSONShapeError) {
            rollout = try fields.name("rollout")
            release = try fields.optionalRelease("release")
            steps = try fields.messages("steps", maximumCount: 1000)
            ruling = try fields.string("ruling", maximumByteCount: 16_384)
        }
    }

    public init(
        device: DeviceID, at: Instant, facts: [String], rollouts: [Asked], conclusion: String,
        events: [ExplainedEvent]
    ) {
        self.device = device
        self.at = at
        self.facts = facts
        self.rollouts = rollouts
        self.conclusion = conclusion
        self.events = events
    }

    public var json: JSONObject {
        JSONObject(present: [
            ("device", .text(device)), ("at", .text(at)),
            ("facts", .array(facts.map { .string($0) })), ("rollouts", .list(rollouts)),
            ("conclusion", .string(conclusion)), ("events", .list(events)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        device = try fields.name("device")
        at = try fields.instant("at")
        facts = try fields.strings("facts", maximumCount: 1000)
        rollouts = try fields.messages("rollouts", maximumCount: 100_000)
        conclusion = try fields.string("conclusion", maximumByteCount: 16_384)
        events = try fields.messages("events", maximumCount: 1000)
    }
}

/// Why a rollout is where it is: the rules of its gate, in their order, and what led there.
public struct RolloutExplanation: WireMessage {
    public var rollout: RolloutSummary
    public var at: Instant
    /// The gate's rules until the first that does not hold; empty while no gate is asked.
    public var steps: [ExplainedStep]
    /// What the gate says.
    public var verdict: String
    /// Its newest events, the oldest first.
    public var events: [ExplainedEvent]

    public init(
        rollout: RolloutSummary, at: Instant, steps: [ExplainedStep], verdict: String,
        events: [ExplainedEvent]
    ) {
        self.rollout = rollout
        self.at = at
        self.steps = steps
        self.verdict = verdict
        self.events = events
    }

    public var json: JSONObject {
        JSONObject(present: [
            ("rollout", .object(rollout.json)), ("at", .text(at)), ("steps", .list(steps)),
            ("verdict", .string(verdict)), ("events", .list(events)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        rollout = try RolloutSummary(fields.object("rollout"))
        at = try fields.instant("at")
        steps = try fields.messages("steps", maximumCount: 1000)
        verdict = try fields.string("verdict", maximumByteCount: 16_384)
        events = try fields.messages("events", maximumCount: 1000)
    }
}
