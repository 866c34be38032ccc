internal import JSON
internal import Model
internal import Trust
internal import Wire

/// The written form of the state: JSON, so that a person at the device can read it.
extension AgentState {
    /// Rises when older agents could misread the phase.
    ///
    /// After a return, an older agent meets the state of a newer one. Whatever the format, these
    /// members are there and mean the same for ever: `last_sequence`, `enrolled`, `retired`,
    /// `newest_confirmed`, `release_counters`, `time_floor`, and of the phases those that a trial
    /// can leave behind: `trial`, `confirming`, `rolling back` and `failed`. So an older agent
    /// keeps what protects the device, and tells how the trial of the newer one ended; any other
    /// phase it leaves alone.
    static let format: Int64 = 2
    static let limitBytes = 262_144

    /// What is stored; `init(parsing:)` reads it.
    public var bytes: [UInt8] {
        JSONValue.object(
            JSONObject(present: [
                ("format", .integer(Self.format)), ("phase", .object(phase.json)),
                ("last_sequence", .integer(lastSequence)), ("enrolled", .bool(isEnrolled)),
                ("enrolled_key", enrolledKey.map { .string($0.hex) }),
                ("retired", .bool(isRetired)),
                (
                    "reported_attributes",
                    reportedAttributes.map {
                        .object(JSONObject($0.values.map { ($0.key, .string($0.value)) }))
                    }
                ),
                (
                    "newest_confirmed",
                    .object(
                        JSONObject(
                            newestConfirmed.map { ($0.key.text, .string($0.value.version.text)) }))
                ),
                (
                    "release_counters",
                    .object(
                        JSONObject(
                            newestConfirmed.map { ($0.key.text, .integer($0.value.counter)) }))
                ),
                ("time_floor", .string("\(timeFloor.earliest)")),
                ("deferred_until", deferredUntil.map { .string("\($0)") }),
                ("wipe", (wipe?.json).map { .object($0) }),
            ])
        ).compactBytes
    }

    /// Reads a state of this agent, of an older one, or what a newer one promises of its own.
    ///
    /// - Throws: ``StateError`` when the bytes are damaged.
    public init(parsing bytes: [UInt8]) throws(StateError) {
        do {
            let value = try JSONValue(parsing: bytes, limits: .standard(bytes: Self.limitBytes))
            try self.init(JSONFields(value))
        } catch { throw .damaged("\(error)") }
    }

    private init(_ fields: JSONFields) throws(JSONShapeError) {
        let format = try fields.integer("format", in: 1...Int64.max)
        isOfNewerAgent = format > Self.format
        phase =
            isOfNewerAgent
            ? Self.settledPhase(fields) : try AgentPhase(fields.object("phase"))
        // A sequence without a next one is damage.
        lastSequence = try fields.integer("last_sequence", in: 0...Int64.max / 2)
        isEnrolled = try fields.bool("enrolled")
        // One that cannot be read is only shown once more.
        enrolledKey = (try? fields.optionalString("enrolled_key")).flatMap {
            $0.flatMap { Ed25519PublicKey(hex: $0) }
        }
        isRetired = try fields.bool("retired")
        reportedAttributes = nil
        if let attributes = try fields.optionalObject("reported_attributes") {
            // Unreadable attributes are only sent once more.
            reportedAttributes = try? Attributes(attributes.stringMembers())
        }
        newestConfirmed = [:]
        // An agent from before there were counters wrote none, and then all were 1.
        let counters = try fields.optionalObject("release_counters")
        for (name, text) in try fields.object("newest_confirmed").stringMembers() {
            guard let name = ReleaseName(name), let version = Version(text) else {
                throw fields.refused("newest_confirmed", "releases and versions")
            }
            let counter = try counters?.optionalInteger(name.text, in: 1...Int64.max)
            newestConfirmed[name] = ReleaseRank(counter: counter ?? 1, version: version)
        }
        guard let timeFloor = Instant(try fields.string("time_floor")) else {
            throw fields.refused("time_floor", "a time")
        }
        self.timeFloor = TimeFloor(earliest: timeFloor)
        wipe = Self.wipe(fields)
        // A note that cannot be read puts nothing off.
        deferredUntil = (try? fields.optionalString("deferred_until")).flatMap {
            $0.flatMap { Instant($0) }
        }
    }

    /// What cannot be read is demanded once more by the server.
    private static func wipe(_ fields: JSONFields) -> Wipe? {
        guard let fields = (try? fields.optionalObject("wipe")) ?? nil,
            let word = try? fields.string("result")
        else { return nil }
        switch word {
        case "demanded": return .demanded
        case "done": return .done
        case "failed": return .failed((try? fields.string("detail")) ?? "")
        default: return nil
        }
    }

    /// The phase that a newer agent has noted, where it is one whose form is promised.
    private static func settledPhase(_ fields: JSONFields) -> AgentPhase {
        guard let phase = try? AgentPhase(fields.object("phase")) else { return .idle }
        switch phase {
        case .trial, .confirming, .rollingBack, .failed: return phase
        case .idle, .offered, .downloading, .verifying, .installed, .proven: return .idle
        }
    }
}

/// Why a stored state is not gone on from.
public enum StateError: Error, Hashable, CustomStringConvertible {
    case damaged(String)

    public var description: String {
        switch self {
        case .damaged(let problem): "the stored state is damaged: \(problem)"
        }
    }
}

extension AgentState.Wipe {
    fileprivate var json: JSONObject {
        report?.json ?? JSONObject([("result", .string("demanded"))])
    }

    /// What the server is told; `nil` while there is nothing to tell.
    var report: WipeReport? {
        switch self {
        case .demanded: nil
        case .done: .done
        case .failed(let detail): .failed(detail)
        }
    }
}

extension AgentPhase {
    var json: JSONObject {
        var members: [(String, JSONValue?)] = [("state", .string(word))]
        if let job {
            members.append(("offer", job.offer.envelope.value))
            members.append(("slot", .string(job.slot.text)))
            members.append(("cut_trials", .integer(Int64(job.cutTrials))))
            members.append(("release_counter", .integer(job.counter)))
            members.append(("format", .string(job.payload.format.rawValue)))
            members.append(("installed_size", .integer(job.payload.installedLength)))
            members.append(("installed_sha256", .string(job.payload.installedSHA256.hex)))
            members.append(("trial_seconds", job.trialSeconds.map { .integer($0) }))
            members.append(("bundle", job.bundle.map { .string($0) }))
        }
        switch self {
        case .idle, .offered, .verifying, .installed, .confirming, .proven: break
        case .downloading(_, let durableBytes):
            members.append(("durable_bytes", .integer(durableBytes)))
        case .trial(_, let stage):
            members.append(("stage", .string(stage.rawValue)))
        case .rollingBack(_, let failure), .failed(_, let failure):
            members.append(("class", .string(failure.kind.rawValue)))
            members.append(("detail", .string(failure.detail)))
            members.append(("attack", failure.indicator.map { .string($0.rawValue) }))
            members.append(("log", failure.log.map { .string($0) }))
        }
        return JSONObject(present: members)
    }

    init(_ fields: JSONFields) throws(JSONShapeError) {
        let word = try fields.string("state")
        if word == "idle" {
            self = .idle
            return
        }
        let job = try Job(fields)
        switch word {
        case "offered": self = .offered(job)
        case "downloading":
            self = .downloading(
                job, durableBytes: try fields.integer("durable_bytes", in: 0...job.image.length))
        case "verifying": self = .verifying(job)
        case "installed": self = .installed(job)
        case "trial":
            guard let stage = TrialStage(rawValue: try fields.string("stage")) else {
                throw fields.refused("stage", "armed, begun, passed or cut off")
            }
            self = .trial(job, stage)
        case "confirming": self = .confirming(job)
        case "proven": self = .proven(job)
        case "rolling back": self = .rollingBack(job, try fields.failure())
        case "failed": self = .failed(job, try fields.failure())
        default: throw fields.refused("state", "a phase")
        }
    }
}

extension AgentPhase.Job {
    fileprivate init(_ fields: JSONFields) throws(JSONShapeError) {
        guard let slot = SlotName(try fields.string("slot")) else {
            throw fields.refused("slot", "a name")
        }
        do { offer = try SignedMessage(fields.value("offer")) } catch {
            throw fields.refused("offer", "a signed offer: \(error)")
        }
        self.slot = slot
        cutTrials = Int(try fields.integer("cut_trials", in: 0...1000))
        counter = try fields.optionalInteger("release_counter", in: 1...Int64.max) ?? 1
        payload = try fields.payload(of: offer.unverified.image)
        trialSeconds = try fields.optionalInteger("trial_seconds", in: 1...Self.maximumTrialSeconds)
        bundle = try fields.optionalString("bundle")
    }

    /// The longest trial, in seconds: a week.
    static let maximumTrialSeconds: Int64 = 604_800
}

extension JSONFields {
    fileprivate func failure() throws(JSONShapeError) -> Failure {
        guard let kind = FailureClass(rawValue: try string("class")) else {
            throw refused("class", "a class of failure")
        }
        return Failure(
            kind, try string("detail"),
            indicator: try optionalString("attack").flatMap { AttackIndicator(rawValue: $0) }
        ).with(log: try optionalString("log"))
    }

    /// An agent from before there were formats wrote none, and then all images were raw.
    fileprivate func payload(of image: ImageReference) throws(JSONShapeError) -> Payload {
        guard let word = try optionalString("format") else { return .sameBytes(as: image) }
        guard let format = Payload.Format(rawValue: word),
            let sha256 = Digest(hex: try string("installed_sha256"))
        else { throw refused("format", "a format of images, with what the slot reads as") }
        return Payload(
            format: format, installedLength: try integer("installed_size", in: 0...Int64.max),
            installedSHA256: sha256)
    }

    fileprivate func stringMembers() throws(JSONShapeError) -> [String: String] {
        var values: [String: String] = [:]
        for member in members.members { values[member.key.text] = try string(member.key.text) }
        return values
    }
}
