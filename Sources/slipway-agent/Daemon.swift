internal import Agent
internal import OpenSSL
internal import Slots
internal import Trust

/// The agent at work: one step after another, with pauses that can be cut short.
struct Daemon {
    private let device: DeviceFile

    init(_ device: DeviceFile) { self.device = device }

    /// Returns when the machine is to restart.
    func run() throws(CommandError) {
        let store: FolderStore
        let lock: InstanceLock?
        let control: ControlPipe
        do {
            store = try FolderStore(folder: device.statePath, shippedRoot: device.rootPath)
            lock = try InstanceLock(device.lockPath)
            control = try ControlPipe(listeningAt: device.controlPath)
        } catch { throw .device(error) }
        guard let lock else { throw .anotherAgent(lock: device.lockPath) }
        let ports = try ports(store)
        Console.note("slipway-agent: \(device.agent.device) starts, \(OpenSSLLibrary.version)")
        // Held to the end, so that no other agent starts in between.
        try withExtendedLifetime(lock) { () throws(CommandError) in
            work(try agent(ports), pausingAt: control)
            restart()
        }
    }

    private func ports(_ store: FolderStore) throws(CommandError) -> AgentPorts {
        let slots = RawSlots(device.slotPaths, recordFolder: device.recordFolder)
        let paths = device.slotPaths
        let transport: HTTPTransport
        do {
            transport = try HTTPTransport(
                server: device.server, limits: device.agent.limits,
                maximumBytesPerSecond: device.maximumBytesPerSecond)
        } catch { throw .configuration(path: device.server, problem: "\(error)") }
        return AgentPorts(
            transport: transport, slots: slots,
            bootloader: SimulatedBootloader(folder: device.bootPath),
            health: CommandHealthCheck(
                command: device.healthCommand, timeout: device.healthTimeout,
                slotPath: { paths[$0] ?? "" }),
            store: store, observer: ConsoleObserver(), clock: SystemClock.ofThisProcess,
            identity: try DeviceKey(at: device.keyPath))
    }

    private func agent(_ ports: AgentPorts) throws(CommandError) -> UpdateAgent {
        do {
            return try UpdateAgent(
                device.agent, ports: ports,
                cryptography: CryptographySuite(
                    checker: OpenSSLSignatureChecker(), hashing: OpenSSLHashing()))
        } catch { throw .agent(error) }
    }

    private func work(_ agent: UpdateAgent, pausingAt control: ControlPipe) {
        while true {
            do throws(AgentError) {
                switch try agent.advance() {
                case .goOn: continue
                case .wait(let duration): control.wait(atMost: duration)
                case .reboot: return
                }
            } catch {
                // A full disk or a broken file may be mended while the device runs on.
                Console.note("slipway-agent: \(error)")
                control.wait(atMost: device.agent.maximumPause)
            }
        }
    }

    private func restart() {
        Console.note("slipway-agent: the machine restarts")
        guard !device.rebootCommand.isEmpty else { return }
        do throws(SlotError) {
            try Command.run(device.rebootCommand, timeout: .seconds(60))
        } catch { Console.note("slipway-agent: \(error)") }
    }
}

/// Tells what happens on standard error, where a service manager collects it.
private struct ConsoleObserver: AgentObserver {
    func observe(_ event: AgentNotice) {
        switch event {
        case .phase(let word): Console.note("slipway-agent: phase \(word)")
        case .resumed(let offset): Console.note("slipway-agent: download resumes at byte \(offset)")
        case .checkInFailed(let reason): Console.note("slipway-agent: \(reason)")
        case .untrusted(let reason): Console.note("slipway-agent: not trusted: \(reason)")
        case .waiting(let reason): Console.note("slipway-agent: waiting: \(reason)")
        case .slow(let reason): Console.note("slipway-agent: interrupted: \(reason)")
        }
    }
}
