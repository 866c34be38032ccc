internal import JSON
internal import Model
internal import Trust
internal import Wire

/// The written form of the state: JSON, so that a person at the device can read it.
extension AgentState {
    /// Rises when older agents could misread the state.
    static let format: Int64 = 1
    static let limitBytes = 262_144

    public var bytes: [UInt8] {
        JSONValue.object(
            JSONObject(present: [
                ("format", .integer(Self.format)), ("phase", .object(phase.json)),
                ("last_sequence", .integer(lastSequence)), ("enrolled", .bool(isEnrolled)),
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
            ])
        ).compactBytes
    }

    /// - Throws: ``StateError`` when the bytes are damaged, or of an agent that writes another form.
    public init(parsing bytes: [UInt8]) throws(StateError) {
        do {
            let value = try JSONValue(parsing: bytes, limits: .standard(bytes: Self.limitBytes))
            let fields = try JSONFields(value)
            let format = try fields.integer("format", in: 1...Int64.max)
            guard format == Self.format else { throw StateError.otherFormat(format) }
            try self.init(fields)
        } catch let error as StateError { throw error } catch { throw .damaged("\(error)") }
    }

    private init(_ fields: JSONFields) throws(JSONShapeError) {
        phase = try AgentPhase(fields.object("phase"))
        // A sequence without a next one is damage.
        lastSequence = try fields.integer("last_sequence", in: 0...Int64.max / 2)
        isEnrolled = try fields.bool("enrolled")
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
    }
}

/// Why a stored state is not gone on from.
public enum StateError: Error, Hashable, CustomStringConvertible {
    case damaged(String)
    /// Written by an agent with another form of state.
    case otherFormat(Int64)

    public var description: String {
        switch self {
        case .damaged(let problem): "the stored state is damaged: \(problem)"
        case .otherFormat(let format): "the stored state has format \(format), which is not known"
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
    }
}

extension JSONFields {
    fileprivate func failure() throws(JSONShapeError) -> Failure {
        guard let kind = FailureClass(rawValue: try string("class")) else {
            throw refused("class", "a class of failure")
        }
        return Failure(
            kind, try string("detail"),
            indicator: try optionalString("attack").flatMap { AttackIndicator(rawValue: $0) })
    }

    fileprivate func stringMembers() throws(JSONShapeError) -> [String: String] {
        var values: [String: String] = [:]
        for member in members.members { values[member.key.text] = try string(member.key.text) }
        return values
    }
}
