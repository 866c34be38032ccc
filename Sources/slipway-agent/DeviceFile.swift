internal import Agent
internal import JSON
internal import Model
internal import Slots

/// The configuration of one device, a JSON file; every key is in the README.
struct DeviceFile {
    let network: NetworkSettings
    let agent: AgentConfiguration
    /// The folder of the agent's state, key and trusted metadata.
    let statePath: String
    let rootPath: String
    let slots: any SlotSet
    let slotPaths: [SlotName: String]
    let bootloader: any Bootloader
    /// The machine's clock, or that of the process that stands for a machine.
    let clock: SystemClock
    let health: HealthSettings
    let watchdog: WatchdogSettings?
    let hooks: HookSettings
    let inventory: InventorySettings
    let identity: IdentitySettings
    /// Restarts the machine; when it is empty the agent exits, and what started it does.
    let rebootCommand: [String]

    /// Of the socket by which programs at the device speak with the agent.
    let controlPath: String
    /// Whose members may give orders there; `nil` for root and the agent's user alone.
    let controlGroup: String?

    var logPath: String { "\(statePath)/log" }
    var confirmedPath: String { "\(statePath)/confirmed" }
    var lockPath: String { "\(statePath)/lock" }
    var keyPath: String { "\(statePath)/device.pem" }

    private static let keys: Set<String> = Set([
        "device", "hardware", "attributes", "enrolment_token_file", "state", "root",
        "slots", "boot", "trial_deadline_seconds",
        "maximum_pause_seconds", "reboot_command", "control_socket", "control_group",
    ]).union(NetworkSettings.keys).union(HealthSettings.keys).union(WatchdogSettings.keys)
        .union(HookSettings.keys).union(InventorySettings.keys).union(IdentitySettings.keys)

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
        network = try NetworkSettings(fields)
        statePath = try fields.string("state")
        controlPath = try fields.optionalString("control_socket") ?? "\(statePath)/control.sock"
        controlGroup = try fields.optionalString("control_group")
        rootPath = try fields.string("root")
        let slotSettings = try SlotSettings(fields, recordFolder: "\(statePath)/slots")
        slots = slotSettings.slots
        slotPaths = slotSettings.paths
        bootloader = try BootSettings.bootloader(fields, slots: slotPaths, statePath: statePath)
        // What restarts is a process there, not the machine.
        let isProcess = bootloader is SimulatedBootloader || bootloader is LinkBootloader
        clock = isProcess ? .ofThisProcess : SystemClock()
        health = try HealthSettings(fields)
        watchdog = try WatchdogSettings(fields)
        hooks = try HookSettings(fields)
        inventory = try InventorySettings(fields)
        identity = try IdentitySettings(fields)
        rebootCommand = try fields.words("reboot_command")
        guard let device = DeviceID(try fields.string("device")) else {
            throw fields.refused("device", "a name")
        }
        guard let hardware = HardwareModel(try fields.string("hardware")) else {
            throw fields.refused("hardware", "a name")
        }
        agent = AgentConfiguration(
            device: device, hardware: hardware, attributes: try Self.attributes(in: fields),
            enrolmentToken: try fields.optionalString("enrolment_token_file").map(Self.token) ?? "",
            trialDeadline: try fields.duration("trial_deadline_seconds", unless: 600),
            maximumPause: try fields.duration("maximum_pause_seconds", unless: 300),
            durableStepBytes: 8_388_608, limits: .standard)
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
