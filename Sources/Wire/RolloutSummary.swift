public import JSON
public import Model

/// A rollout and how far it is, as the management interface tells it.
public struct RolloutSummary: WireMessage {
    public var name: RolloutName
    public var release: ReleaseID
    /// `draft`, `running`, `paused`, `completed`, `reverting` or `aborted`.
    public var state: String
    /// Why it is in that state, or what its gate waits for; a sentence for a person.
    public var reason: String
    /// The open wave, from 0; `nil` when none is.
    public var wave: Int?
    public var waves: [Wave]
    /// How many devices failed by their newest try, by class; only classes that there are.
    public var failures: [Failures]
    public var created: Instant
    /// The digest of the plan that was started.
    public var plan: Digest
    /// Rises with each change of the state.
    public var revision: Int64

    /// One wave and the devices that it reaches and no earlier wave does.
    public struct Wave: WireMessage {
        public var name: String
        /// Devices at the time of planning, without those that left the fleet since and had proven
        /// nothing; cumulative, as the waves are.
        public var devices: Int
        /// Devices that hold an offer now.
        public var offered: Int
        public var proven: Int
        public var failed: Int
        /// Devices that failed and are tried again; not among ``failed``.
        public var retrying: Int

        public init(
            name: String, devices: Int, offered: Int, proven: Int, failed: Int, retrying: Int
        ) {
            self.name = name
            self.devices = devices
            self.offered = offered
            self.proven = proven
            self.failed = failed
            self.retrying = retrying
        }

        public var json: JSONObject {
            JSONObject([
                ("name", .string(name)), ("devices", .integer(Int64(devices))),
                ("offered", .integer(Int64(offered))), ("proven", .integer(Int64(proven))),
                ("failed", .integer(Int64(failed))), ("retrying", .integer(Int64(retrying))),
            ])
        }

        public init(_ fields: JSONFields) throws(JSONShapeError) {
            name = try fields.string("name")
            devices = try fields.count("devices")
            offered = try fields.count("offered")
            proven = try fields.count("proven")
            failed = try fields.count("failed")
            retrying = try fields.count("retrying")
        }
    }

    /// Devices whose newest try failed in one class.
    public struct Failures: WireMessage {
        public var kind: FailureClass
        public var devices: Int

        public init(kind: FailureClass, devices: Int) {
            self.kind = kind
            self.devices = devices
        }

        public var json: JSONObject {
            JSONObject([
                ("class", .string(kind.rawValue)), ("devices", .integer(Int64(devices))),
            ])
        }

        public init(_ fields: JSONFields) throws(JSONShapeError) {
            kind = try fields.failureClass("class")
            devices = try fields.count("devices")
        }
    }

    public init(
        name: RolloutName, release: ReleaseID, state: String, reason: String, wave: Int?,
        waves: [Wave], failures: [Failures], created: Instant, plan: Digest, revision: Int64
    ) {
        self.name = name
        self.release = release
        self.state = state
        self.reason = reason
        self.wave = wave
        self.waves = waves
        self.failures = failures
        self.created = created
        self.plan = plan
        self.revision = revision
    }

    public var json: JSONObject {
        JSONObject(present: [
            ("name", .string(name.text)), ("release", .text(release)), ("state", .string(state)),
            ("reason", .string(reason)), ("wave", wave.map { .integer(Int64($0)) }),
            ("waves", .list(waves)), ("failures", .list(failures)),
            ("created", .text(created)), ("plan", .string(plan.hex)),
            ("revision", .integer(revision)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        name = try fields.name("name")
        release = try fields.release("release")
        state = try fields.string("state")
        reason = try fields.string("reason")
        wave = try fields.optionalInteger("wave", in: 0...1000).map { Int($0) }
        waves = try fields.messages("waves", maximumCount: RolloutFile.maximumWaveCount)
        failures = try fields.messages("failures", maximumCount: FailureClass.allCases.count)
        created = try fields.instant("created")
        plan = try fields.digest("plan")
        revision = try fields.integer("revision", in: 0...Int64.max)
    }
}

/// What a rollout would do, before anybody starts it.
public struct PlanSummary: WireMessage {
    public var name: RolloutName
    public var release: ReleaseID
    /// Names exactly this plan; ``StartRequest`` repeats it.
    public var digest: Digest
    public var waves: [Wave]
    /// Devices that the selector picks but the rollout cannot reach, by reason.
    public var excluded: [Exclusion]
    /// What all reached devices together would download, in bytes.
    public var bytes: Int64
    /// What else an operator should know, a clause each.
    public var notes: [String]

    public struct Wave: WireMessage {
        public var name: String
        /// Cumulative.
        public var devices: Int
        /// Such as `sample of 3` or `40%`.
        public var target: String
        public var soak: String

        public init(name: String, devices: Int, target: String, soak: String) {
            self.name = name
            self.devices = devices
            self.target = target
            self.soak = soak
        }

        public var json: JSONObject {
            JSONObject([
                ("name", .string(name)), ("devices", .integer(Int64(devices))),
                ("target", .string(target)), ("soak", .string(soak)),
            ])
        }

        public init(_ fields: JSONFields) throws(JSONShapeError) {
            name = try fields.string("name")
            devices = try fields.count("devices")
            target = try fields.string("target")
            soak = try fields.string("soak")
        }
    }

    public struct Exclusion: WireMessage {
        public var reason: String
        public var devices: Int

        public init(reason: String, devices: Int) {
            self.reason = reason
            self.devices = devices
        }

        public var json: JSONObject {
            JSONObject([
                ("reason", .string(reason)), ("devices", .integer(Int64(devices))),
            ])
        }

        public init(_ fields: JSONFields) throws(JSONShapeError) {
            reason = try fields.string("reason")
            devices = try fields.count("devices")
        }
    }

    public init(
        name: RolloutName, release: ReleaseID, digest: Digest, waves: [Wave],
        excluded: [Exclusion], bytes: Int64, notes: [String]
    ) {
        self.name = name
        self.release = release
        self.digest = digest
        self.waves = waves
        self.excluded = excluded
        self.bytes = bytes
        self.notes = notes
    }

    public var json: JSONObject {
        JSONObject([
            ("name", .string(name.text)), ("release", .string("\(release)")),
            ("digest", .string(digest.hex)), ("waves", .list(waves)),
            ("excluded", .list(excluded)), ("bytes", .integer(bytes)),
            ("notes", .array(notes.map { .string($0) })),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        name = try fields.name("name")
        release = try fields.release("release")
        digest = try fields.digest("digest")
        waves = try fields.messages("waves", maximumCount: RolloutFile.maximumWaveCount)
        excluded = try fields.messages("excluded", maximumCount: 1000)
        bytes = try fields.integer("bytes", in: 0...Int64.max)
        notes = try fields.strings("notes", maximumCount: 10_000)
    }
}

/// Asks that exactly the plan that was shown be carried out.
public struct StartRequest: WireMessage {
    public var file: RolloutFile
    /// Of the plan that was shown; a different plan by now is refused.
    public var digest: Digest

    public init(file: RolloutFile, digest: Digest) {
        self.file = file
        self.digest = digest
    }

    public var json: JSONObject {
        JSONObject([("file", .object(file.json)), ("digest", .string(digest.hex))])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["file", "digest"])
        file = try RolloutFile(fields.object("file"))
        digest = try fields.digest("digest")
    }
}

extension JSONFields {
    func count(_ member: String) throws(JSONShapeError) -> Int {
        Int(try integer(member, in: 0...Int64(Int32.max)))
    }
}
