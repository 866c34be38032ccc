internal import Agent
internal import Model
internal import OpenSSL
internal import SimulatedDisk
internal import Slots
internal import Trust
internal import Wire

/// One machine: its disk, what it booted, and the real agent on it.
final class SimulatedDevice {
    let number: Int
    let id: DeviceID
    let hardware: HardwareModel
    let attributes: Attributes
    let key: SimulatedKey
    var disk: CrashingDisk
    var agent: UpdateAgent?
    /// New with each boot and each start of the agent, so that what was planned before is nothing.
    var generation = 0
    var bootCount = 0
    var isOn = false
    /// The slot that runs, and what it really holds.
    var slot = "a"
    var runs: Firmware?
    var bootedAt: Int64 = 0
    /// How far its clock is ahead of the true time, in seconds.
    var clockError: Int64 = 0
    /// Whether it loses the time when its power goes.
    let forgetsTime: Bool
    /// In which ways it is cut off from the server, and until when; in milliseconds.
    var unheardUntil: Int64 = 0
    var deafUntil: Int64 = 0
    /// What it was really seen to do.
    var witness = DeviceWitness()
    /// The offer whose failure the trace has told.
    var notedFailure: Nonce?
    /// Answers that came earlier, for whoever replays them.
    var oldAnswers: [[UInt8]] = []

    static let folder = "/data/slipway"
    static let statePath = "\(folder)/state.json"
    static let shippedRoot = "/usr/share/slipway/root.json"
    static let recordFolder = "/data/records"

    init(
        _ number: Int, hardware: HardwareModel, attributes: Attributes, key: SimulatedKey,
        forgetsTime: Bool, factory: Firmware, root: [UInt8]
    ) {
        guard let id = DeviceID("dev-\(number)") else { preconditionFailure("that is a name") }
        self.number = number
        self.id = id
        self.hardware = hardware
        self.attributes = attributes
        self.key = key
        self.forgetsTime = forgetsTime
        disk = CrashingDisk()
        disk.put("\(BootEnvironment.folder)/environment", "confirmed=a\n")
        disk.put("\(BootEnvironment.folder)/booted", "boot_id=boot-0\nslot=a\n")
        disk.put(Self.shippedRoot, root)
        disk.put("/data/factory", "")
        for path in BootEnvironment.slots.values.sorted() { disk.put(path, factory.bytes) }
        do {
            for name in BootEnvironment.slots.keys.sorted() {
                try slots.setContent(
                    SlotContent(
                        release: factory.release, sha256: factory.digest,
                        payload: factory.signed.payload), of: Self.slotName(name))
            }
        } catch { preconditionFailure("a new disk takes what the factory writes: \(error)") }
        disk = disk.copy()
        witness.confirmed(factory)
    }

    var board: String? { attributes["board"] }

    static func slotName(_ text: String) -> SlotName {
        guard let name = SlotName(text) else { preconditionFailure("a and b are names") }
        return name
    }

    var slots: RawSlots {
        RawSlots(
            Dictionary(
                uniqueKeysWithValues: BootEnvironment.slots.map { (Self.slotName($0), $1) }),
            recordFolder: Self.recordFolder, on: disk)
    }

    var bootloader: SimulatedBootloader {
        SimulatedBootloader(folder: BootEnvironment.folder, on: disk)
    }

    func configuration() -> AgentConfiguration {
        AgentConfiguration(
            device: id, hardware: hardware, attributes: attributes,
            enrolmentToken: SimulatedServer.enrolmentToken, trialDeadline: .seconds(600),
            maximumPause: .seconds(900), durableStepBytes: 512, limits: .standard)
    }
}

/// What a device was really seen to do, which nobody's word can change.
struct DeviceWitness {
    /// The boot in which the health check passed last.
    private(set) var healthyBoot = 0
    /// What was booted and then healthy, and in which boot that was last.
    private(set) var healthy: [Digest: Int] = [:]
    /// The highest rank of each product that was confirmed.
    private(set) var newest: [ReleaseName: ReleaseRank] = [:]
    /// Whether something destroyed what the agent remembers, so that it cannot know it.
    var hasLostMemory = false

    mutating func passedHealth(_ firmware: Firmware, boot: Int) {
        healthyBoot = boot
        healthy[firmware.digest] = boot
    }

    mutating func confirmed(_ firmware: Firmware) {
        let rank = firmware.signed.rank
        newest[firmware.release.name] = max(newest[firmware.release.name] ?? rank, rank)
    }

    /// As an agent knows it that has lost everything but its slots.
    mutating func forget(but firmware: Firmware?) {
        hasLostMemory = true
        newest = [:]
        if let firmware {
            newest[firmware.release.name] = ReleaseRank(
                counter: 1, version: firmware.release.version)
        }
    }
}
