import Agent
import AgentSupport
import Model
import SimulatedDisk
import Slots
import Testing
import Trust
import Wire

/// What is left at a moment: the medium, the server, and what the test remembers.
struct CutMoment {
    var disk: CrashingDisk
    var desk: ServerDesk
    var watch = CutWatch()
    var now = beginning
    /// Where the power was cut so far.
    var cuts: [String] = []
}

/// One machine from the moment its power comes on: loader, image and agent.
///
/// What it boots is decided by a model that reads the bytes, never by the code under test.
final class CutMachine {
    /// Something that must never happen.
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    let device: CutDevice
    let disk: CrashingDisk
    private(set) var desk: ServerDesk
    private(set) var watch: CutWatch
    private(set) var now: Instant
    private(set) var uptime = Duration.zero
    /// Told of every moment at which the power may fail.
    var onInstant: ((String) -> Void)?
    private(set) var slot = ""
    private(set) var agent: UpdateAgent?
    /// Whether the agent has sent a check-in since it started.
    private(set) var hasAsked = false
    private var bootloader: (any Bootloader)?
    private var violation: String?

    init(_ device: CutDevice, at moment: CutMoment) {
        self.device = device
        disk = moment.disk.copy()
        desk = moment.desk
        watch = moment.watch
        now = moment.now
        disk.onCall = { [unowned self] in instant($0) }
    }

    private func instant(_ words: String) { onInstant?(words) }

    /// Whether a power cut now cannot be told from an image that never came up.
    func isUntellable(_ medium: Medium) -> Bool {
        guard device.goal.conduct == .healthy,
            device.image(in: slot, of: disk.live)?.digest == device.goal.digest,
            case .trial(_, .armed)? = device.storedPhase(on: medium)
        else { return false }
        return true
    }

    // MARK: The boot

    /// Switches on or restarts: the loader, and a watchdog for what does not come up.
    func start(argument: String? = nil) throws {
        var argument = argument
        for _ in 0..<2 {
            uptime = .zero
            watch.isHealthy = false
            slot = try device.model.boot(disk, argument: argument)
            argument = nil
            guard let image = device.image(in: slot, of: disk.live) else {
                throw Violation(description: "slot \(slot) is booted, and holds no whole image")
            }
            guard !watch.isProven || image.digest == device.goal.digest else {
                throw Violation(description: "\(image.signed.release) boots after the proof of 2.0")
            }
            instant("slot \(slot) starts")
            if image.conduct != .neverBoots { return }
        }
        throw Violation(description: "an image that does not come up is booted again and again")
    }

    private func restart() throws {
        let argument = bootloader?.rebootArgument
        instant("the restart")
        agent = nil
        bootloader = nil
        hasAsked = false
        guard disk.isSettled else {
            throw Violation(description: "a restart is asked for before everything is durable")
        }
        try start(argument: argument)
    }

    // MARK: The agent

    /// Lets the agent do one thing.
    func step() throws {
        if let agent {
            switch try agent.advance() {
            case .goOn: break
            case .wait(let pause):
                now = now.advanced(by: pause)
                uptime += pause
            case .reboot: try restart()
            }
        } else {
            agent = try startAgent()
        }
        if let violation { throw Violation(description: violation) }
    }

    private func startAgent() throws -> UpdateAgent {
        let bootloader = try device.model.bootloader(on: disk)
        self.bootloader = bootloader
        let ports = AgentPorts(
            transport: self, slots: try device.slots(on: disk),
            bootloader: WatchedBootloader(bootloader: bootloader, machine: self), health: self,
            store: try FolderStore(
                folder: CutDevice.folder, shippedRoot: CutDevice.shippedRoot, on: disk),
            observer: Silence(), clock: self, identity: try TestIdentity())
        return try UpdateAgent(device.configuration, ports: ports, cryptography: cryptography)
    }

    private struct Silence: AgentObserver {
        func observe(_ event: AgentNotice) {}
    }

    fileprivate func note(_ words: String) { violation = violation ?? words }

    // MARK: The end

    /// Whether the device has nothing to do any more, and the server knows how it ended.
    var isDone: Bool { agent != nil && desk.isSettled && desk.openOffer == nil }

    /// - Throws: ``Violation`` when it has not ended well.
    func checkEnd() throws {
        let image = device.goal.conduct == .healthy ? device.goal : device.old
        for slot in try device.model.plan(disk) {
            guard device.image(in: slot, of: disk.live)?.digest == image.digest else {
                throw Violation(description: "\(image.signed.release) does not boot for good")
            }
        }
        guard watch.isProven == (device.goal.conduct == .healthy) else {
            throw Violation(description: "it ends as \(desk.end?.word ?? "nothing")")
        }
        guard try device.model.bootloader(on: disk).status().trial == .none,
            device.storedPhase(on: disk.live) == .idle
        else { throw Violation(description: "something is left of the trial") }
    }
}

extension CutMachine: Transport, HealthCheck, AgentClock {
    func checkIn(_ message: [UInt8]) throws(TransportError) -> [UInt8] {
        do {
            let signed = try SignedMessage<CheckIn>(parsing: message, limitBytes: 65_536)
            let checkIn = signed.unverified
            instant("the check-in \(checkIn.phase.word) is sent")
            hasAsked = true
            try desk.hear(signed)
            desk.violations.first.map(note)
            watch.hear(checkIn, of: device).map(note)
            let order = try desk.followGoal(checkIn, now: now)
            instant("the check-in \(checkIn.phase.word) is answered")
            return try sign(desk.directive(checkIn, order), by: desk.repository.offerKey).bytes
        } catch {
            note("the server failed: \(error)")
            throw .unreachable("\(error)")
        }
    }

    func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]? {
        instant("\(name) is fetched")
        return device.repository.metadata[name]
    }

    func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        guard let bytes = device.repository.images[path] else { return .absent }
        for start in stride(from: Int(offset), to: bytes.count, by: 512) {
            guard receive(Array(bytes[start...].prefix(512))) else { return .stopped }
        }
        return .complete
    }

    func run(in slot: SlotName, within time: Duration) -> HealthVerdict {
        instant("the health check begins")
        guard slot.text == self.slot,
            device.image(in: self.slot, of: disk.live)?.conduct == .healthy
        else { return .unhealthy("it smokes") }
        watch.isHealthy = true
        return .healthy
    }
}

/// The real bootloader, and a look at when it is asked for what.
private struct WatchedBootloader: Bootloader {
    let bootloader: any Bootloader
    unowned let machine: CutMachine

    func status() throws(SlotError) -> BootStatus { try bootloader.status() }

    func arm(_ slot: SlotName) throws(SlotError) {
        if machine.device.image(in: slot.text, of: machine.disk.durable) == nil {
            machine.note("slot \(slot) is armed before its image is durable")
        }
        try bootloader.arm(slot)
    }

    func confirm(_ slot: SlotName) throws(SlotError) {
        // Again, after a cut, is harmless.
        let isConfirmed = (try? machine.device.model.plan(machine.disk))?.last == slot.text
        if !isConfirmed, slot.text != machine.slot || !machine.watch.isHealthy {
            machine.note("slot \(slot) is confirmed before it is known to be healthy")
        }
        try bootloader.confirm(slot)
    }

    func disarm() throws(SlotError) { try bootloader.disarm() }

    var rebootArgument: String? { bootloader.rebootArgument }
}
