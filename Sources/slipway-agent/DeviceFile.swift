internal import Agent
internal import JSON
internal import Model
internal import Slots

/// The configuration of one device, a JSON file; every key is in the README.
struct DeviceFile {
    let server: String
    let agent: AgentConfiguration
    /// The folder of the agent's state, key and trusted metadata.
    let statePath: String
    let rootPath: String
    let slotPaths: [SlotName: String]
    let bootPath: String
    let healthCommand: [String]
    let healthTimeout: Duration
    /// Restarts the machine; when it is empty the agent exits, and what started it does.
    let rebootCommand: [String]
    let maximumBytesPerSecond: Int64?

    var controlPath: String { "\(statePath)/control" }
    var recordFolder: String { "\(statePath)/slots" }
    var lockPath: String { "\(statePath)/lock" }
    var keyPath: String { "\(statePath)/device.pem" }

    private static let keys: Set<String> = [
        "server", "device", "hardware", "attributes", "enrolment_token_file", "state", "root",
        "slots", "boot", "health_command", "health_timeout_seconds", "trial_deadline_seconds",
        "maximum_pause_seconds", "maximum_bytes_per_second", "reboot_command",
    ]

    init(reading path: String) throws(CommandError) {
        let bytes: [UInt8]?
        do { bytes = try DurableFile.read(path) } catch { throw .device(error) }
        guard let bytes else { throw .configuration(path: path, problem: "there is no such file") }
        do {
            let value = try JSONValue(parsing: bytes, limits: .standard(bytes: 65_536))
            let fields = try JSONFields(value)
            try fields.refuseMembers(otherThan: Self.keys)
            try self.init(fields)
        } catch let error as SlotError { throw .device(error) } catch {
            throw .configuration(path: path, problem: "\(error)")
        }
    }

    private init(_ fields: JSONFields) throws {
        server = try fields.string("server")
        statePath = try fields.string("state")
        rootPath = try fields.string("root")
        bootPath = try fields.string("boot")
        slotPaths = try Self.slots(in: fields)
        healthCommand = try fields.words("health_command")
        rebootCommand = try fields.words("reboot_command")
        healthTimeout = try fields.seconds("health_timeout_seconds", unless: 60)
        maximumBytesPerSecond = try fields.optionalInteger(
            "maximum_bytes_per_second", in: 1...Int64.max)
        guard let device = DeviceID(try fields.string("device")) else {
            throw fields.refused("device", "a name")
        }
        guard let hardware = HardwareModel(try fields.string("hardware")) else {
            throw fields.refused("hardware", "a name")
        }
        agent = AgentConfiguration(
            device: device, hardware: hardware, attributes: try Self.attributes(in: fields),
            enrolmentToken: try Self.token(at: fields.string("enrolment_token_file")),
            trialDeadline: try fields.seconds("trial_deadline_seconds", unless: 600),
            maximumPause: try fields.seconds("maximum_pause_seconds", unless: 300),
            durableStepBytes: 8_388_608, limits: .standard)
    }

    private static func slots(in fields: JSONFields) throws -> [SlotName: String] {
        let slots = try fields.object("slots")
        var paths: [SlotName: String] = [:]
        for member in slots.members.members {
            guard let name = SlotName(member.key.text) else {
                throw slots.refused(member.key.text, "a slot's name as the key")
            }
            paths[name] = try slots.string(member.key.text)
        }
        // One file as both slots would have the running image overwritten.
        guard paths.count == 2, Set(paths.values).count == 2 else {
            throw fields.refused("slots", "two slots in two files")
        }
        return paths
    }

    private static func attributes(in fields: JSONFields) throws -> Attributes {
        guard let members = try fields.optionalObject("attributes") else { return .none }
        var values: [String: String] = [:]
        for member in members.members.members {
            values[member.key.text] = try members.string(member.key.text)
        }
        return try Attributes(values)
    }

    /// A device that is enrolled already may have lost its token: it needs none any more.
    private static func token(at path: String) throws -> String {
        let bytes = try DurableFile.read(path) ?? []
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        return String(decoding: line, as: UTF8.self)
    }
}

extension JSONFields {
    fileprivate func words(_ name: String) throws -> [String] {
        try (optionalArray(name, maximumCount: 64) ?? []).map { element in
            guard case .string(let word) = element.value else {
                throw JSONShapeError(path: element.path, expected: "a string")
            }
            return word.text
        }
    }

    fileprivate func seconds(_ name: String, unless standard: Int64) throws -> Duration {
        .seconds(try optionalInteger(name, in: 1...604_800) ?? standard)
    }
}
