internal import Agent
internal import Model
internal import Slots

/// What one boot of a machine gives its agent: network, clocks, health and the bootloader.
///
/// It dies with the boot. What the agent of a machine still tries after its power is gone has no
/// effect.
final class DeviceLink {
    unowned let device: SimulatedDevice
    unowned let world: FleetSimulation
    private let generation: Int
    private let repository: () -> MirroredRepository

    init(_ device: SimulatedDevice, _ world: FleetSimulation) {
        self.device = device
        self.world = world
        generation = device.generation
        var made: MirroredRepository?
        let sources = (
            mirror: Source(device, world, .mirror), server: Source(device, world, .server)
        )
        let clock = Clock(device: device, world: world)
        repository = {
            let repository =
                made
                ?? MirroredRepository(
                    mirrors: world.hasMirror ? [.init(name: "mirror", source: sources.mirror)] : [],
                    server: .init(name: "server", source: sources.server), clock: clock,
                    note: { world.note("\(device.id)", "leaves a mirror alone: \($0)") })
            made = repository
            return repository
        }
    }

    /// Whether this boot still runs.
    var isAlive: Bool { device.isOn && device.generation == generation }

    /// Where files come from.
    enum Place { case server, mirror }

    /// Files of one place, as long as the boot lasts.
    private final class Source: UpdateSource {
        private unowned let device: SimulatedDevice
        private unowned let world: FleetSimulation
        private let place: Place
        private let generation: Int

        init(_ device: SimulatedDevice, _ world: FleetSimulation, _ place: Place) {
            self.device = device
            self.world = world
            self.place = place
            generation = device.generation
        }

        private var isAlive: Bool { device.isOn && device.generation == generation }

        func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]? {
            try world.metadata(name, limitBytes: limitBytes, for: device, from: place) {
                self.isAlive
            }
        }

        func image(
            _ path: String, from offset: Int64, maximumBytes: Int64,
            receive: ([UInt8]) -> Bool
        ) throws(TransportError) -> ImageEnd {
            try world.image(
                path, from: offset, maximumBytes: maximumBytes, for: device, of: place,
                isAlive: { self.isAlive }, receive: receive)
        }
    }

    struct Clock: AgentClock {
        unowned let device: SimulatedDevice
        unowned let world: FleetSimulation

        var now: Instant { world.clock.now.advanced(by: .seconds(device.clockError)) }
        var uptime: Duration { .milliseconds(world.now - device.bootedAt) }
    }
}

extension DeviceLink: Transport {
    func checkIn(_ message: [UInt8]) throws(TransportError) -> [UInt8] {
        try world.checkIn(message, from: device) { self.isAlive }
    }

    func avoidSource(of kind: RepositoryFileKind) -> Bool {
        repository().avoidSource(of: kind)
    }

    func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]? {
        try repository().metadata(name, limitBytes: limitBytes)
    }

    func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        try repository().image(path, from: offset, maximumBytes: maximumBytes, receive: receive)
    }
}

extension DeviceLink: HealthCheck {
    func run(in slot: SlotName, within time: Duration) -> HealthVerdict {
        world.pass(world.luck.number(200...20_000, "health"))
        guard isAlive else { return .unhealthy("the power is gone") }
        guard let firmware = device.runs, firmware.conduct(onBoard: device.board) != .unhealthy
        else { return .unhealthy("the application does not answer") }
        device.witness.passedHealth(firmware, boot: device.bootCount)
        return .healthy
    }
}

extension DeviceLink: AgentObserver {
    func observe(_ event: AgentNotice) {
        guard isAlive else { return }
        world.note("\(device.id)", event.sentence)
    }
}

extension DeviceLink: DeviceIdentity {
    var publicKey: Ed25519PublicKey { device.key.ed25519 }

    func sign(_ message: [UInt8]) throws(IdentityError) -> [UInt8] {
        do { return try device.key.sign(message) } catch { throw IdentityError("\(error)") }
    }
}

extension DeviceLink: Bootloader {
    func status() throws(SlotError) -> BootStatus { try device.bootloader.status() }

    func arm(_ slot: SlotName) throws(SlotError) {
        if isAlive { world.checkArming(slot.text, of: device) }
        try device.bootloader.arm(slot)
    }

    func confirm(_ slot: SlotName) throws(SlotError) {
        if isAlive { world.checkConfirming(slot.text, of: device) }
        try device.bootloader.confirm(slot)
        if isAlive, let firmware = device.runs, slot.text == device.slot {
            device.witness.confirmed(firmware)
            world.note("\(device.id)", "keeps \(firmware.release) in slot \(slot)")
        }
    }

    func disarm() throws(SlotError) { try device.bootloader.disarm() }
}

extension AgentNotice {
    fileprivate var sentence: String {
        switch self {
        case .phase(let word): Self.clause(ofPhase: word)
        case .resumed(let byte): "goes on with the image at byte \(byte)"
        case .checkInFailed(let reason): "gets no answer: \(reason)"
        case .untrusted(let reason): "does not trust what it got: \(reason)"
        case .slow(let reason): "goes on later: \(reason)"
        case .trouble(let reason): "has trouble: \(reason)"
        case .waiting(let reason): "waits: \(reason)"
        }
    }

    /// What a phase means, for somebody who reads of it for the first time.
    private static func clause(ofPhase word: String) -> String {
        switch word {
        case "idle": "has nothing left to do"
        case "offered": "was offered an image, and asks the signed metadata about it"
        case "downloading": "may install it, and downloads it"
        case "verifying": "has all of it, and reads it back"
        case "installed": "has the whole image in its spare slot"
        case "trial": "tries the image, or is about to"
        case "confirming": "was heard by the server from the new image, and keeps it"
        case "proven": "tells the server that it runs the image for good"
        case "rolling back": "goes back to the image before"
        case "failed": "tells the server that the update failed"
        default: "is \(word)"
        }
    }
}
