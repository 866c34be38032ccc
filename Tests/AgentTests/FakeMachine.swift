import Agent
import AgentSupport
import Model
import OpenSSL
import Testing
import Trust

/// A device in memory: power, slots, a bootloader that obeys its rule, a store and a clock.
///
/// It also watches: whatever must never happen to a machine is noted in ``violations``.
final class FakeMachine: Bootloader, HealthCheck, AgentClock {
    let power: Power
    let slots: FakeSlots
    let store: FakeStore
    /// What it can boot.
    var firmware: [Firmware]

    private(set) var booted: SlotName
    private(set) var confirmed: SlotName
    private(set) var trial: (slot: SlotName, tries: Int)?
    private(set) var boots = 0
    /// Whether the health check has passed in this boot.
    private(set) var isProvenHealthy = false
    private(set) var violations: [String] = []
    /// How much time each health check was given.
    private(set) var timesForHealth: [Duration] = []
    var isBootloaderBroken = false

    var now = beginning
    var uptime = Duration.zero

    init(running factory: Firmware, knowing firmware: [Firmware], root: [UInt8]) throws {
        power = Power()
        slots = FakeSlots(power: power)
        store = FakeStore(root: root, power: power)
        self.firmware = [factory] + firmware
        booted = try slot("a")
        confirmed = booted
        slots.install(factory, in: booted)
    }

    func pass(_ duration: Duration) {
        now = now.advanced(by: duration)
        uptime += duration
    }

    // MARK: The boot

    /// Switches on, or restarts: the bootloader's rule, and what the firmware then does.
    func boot() {
        power.restore()
        slots.losePower()
        uptime = .zero
        boots += 1
        isProvenHealthy = false
        booted = confirmed
        if let (slot, tries) = trial, tries == 1 {
            trial = (slot, 0)
            booted = slot
        }
        guard let running else {
            violations.append("slot \(booted) was booted, and it holds no complete image")
            booted = confirmed
            return
        }
        // The watchdog ends a boot that comes to nothing.
        if running.conduct == .neverBoots { boot() }
    }

    /// The firmware whose bytes are all in `slot`.
    func image(in slot: SlotName) -> Firmware? {
        let bytes = slots.durable[slot, default: []]
        return firmware.first { $0.bytes == bytes }
    }

    var running: Firmware? { image(in: booted) }

    // MARK: The bootloader

    func status() throws(SlotError) -> BootStatus {
        let bootID = BootID("boot-\(boots)")
        guard let bootID else { throw .malformed(path: "boot id", problem: "no name") }
        let trial: BootStatus.Trial =
            switch trial {
            case .none: .none
            case .some((let slot, 1)): .armed(slot)
            case .some((let slot, _)): .spent(slot)
            }
        return BootStatus(booted: booted, bootID: bootID, confirmed: confirmed, trial: trial)
    }

    private func call(_ words: String) throws(SlotError) {
        guard power.call(words) else { throw .missing(path: "power") }
        guard !isBootloaderBroken else {
            throw .failed(operation: "write", path: "environment", reason: "I/O error")
        }
    }

    func arm(_ slot: SlotName) throws(SlotError) {
        try call("arm \(slot)")
        if slots.contents[slot] == nil { violations.append("slot \(slot) is armed unverified") }
        trial = (slot, 1)
    }

    func confirm(_ slot: SlotName) throws(SlotError) {
        try call("confirm \(slot)")
        if slot != confirmed, !isProvenHealthy || slot != booted {
            violations.append("slot \(slot) is confirmed without a passed health check")
        }
        confirmed = slot
        trial = nil
    }

    /// A disarm that has nothing to do writes nothing, and is no call.
    func disarm() throws(SlotError) {
        guard trial != nil else { return }
        try call("disarm")
        trial = nil
    }

    /// What somebody else at the device does to the bootloader.
    func setBootloader(confirmed: SlotName, trial: (slot: SlotName, tries: Int)?) {
        self.confirmed = confirmed
        self.trial = trial
    }

    // MARK: The health check

    func run(in slot: SlotName, within time: Duration) -> HealthVerdict {
        timesForHealth.append(time)
        guard power.call("health \(slot)") else { return .unhealthy("no power") }
        guard slot == booted, running?.conduct == .healthy else { return .unhealthy("it smokes") }
        isProvenHealthy = true
        return .healthy
    }
}
