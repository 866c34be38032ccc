internal import Agent
internal import OpenSSL
internal import Slots
internal import Trust

/// The agent at work: one step after another, with pauses that can be cut short.
struct Daemon {
    private let device: DeviceFile
    private let control: LocalControl

    init(_ device: DeviceFile) {
        self.device = device
        control = LocalControl(device)
    }

    /// Returns when the machine is to restart, or the service manager wants the agent to end.
    func run() throws(CommandError) {
        let store: FolderStore
        let lock: InstanceLock?
        do {
            store = try FolderStore(folder: device.statePath, shippedRoot: device.rootPath)
            lock = try InstanceLock(device.lockPath)
        } catch { throw .device(error) }
        guard let lock else { throw .anotherAgent(lock: device.lockPath) }
        let ports = try ports(store)
        control.note("\(device.agent.device) starts, \(OpenSSLLibrary.version)")
        // Held to the end, so that no other agent starts in between.
        try withExtendedLifetime(lock) { () throws(CommandError) in
            let isRestarting = work(try agent(ports))
            if isRestarting { restart() }
            control.note("the agent ends")
            control.stop()
        }
    }

    private func ports(_ store: FolderStore) throws(CommandError) -> AgentPorts {
        let slots = FileSlots(device.slotPaths)
        let paths = device.slotPaths
        let transport: HTTPTransport
        do {
            transport = try HTTPTransport(
                server: device.server, limits: device.agent.limits,
                maximumBytesPerSecond: device.maximumBytesPerSecond)
        } catch { throw .configuration(path: device.server, problem: "\(error)") }
        var ports = AgentPorts(
            transport: transport, slots: slots,
            bootloader: SimulatedBootloader(folder: device.bootPath),
            health: CommandHealthCheck(
                command: device.healthCommand, timeout: device.healthTimeout,
                slotPath: { paths[$0] ?? "" }),
            store: store, observer: control, clock: SystemClock.ofThisProcess,
            identity: try DeviceKey(at: device.keyPath))
        ports.bundles = BundleFiles()
        ports.isCalled = { [control] in control.isCalled() }
        ports.watch(for: control.notifier)
        return ports
    }

    private func agent(_ ports: AgentPorts) throws(CommandError) -> UpdateAgent {
        do {
            return try UpdateAgent(
                device.agent, ports: ports,
                cryptography: CryptographySuite(
                    checker: OpenSSLSignatureChecker(), hashing: OpenSSLHashing()))
        } catch { throw .agent(error) }
    }

    /// - Returns: Whether the machine is to restart.
    private func work(_ agent: UpdateAgent) -> Bool {
        control.start(agent)
        while !control.isStopping {
            do throws(AgentError) {
                control.serve()
                switch try agent.advance() {
                case .goOn: continue
                case .wait(let duration): control.pause(atMost: duration)
                case .reboot: return true
                }
            } catch {
                // A full disk or a broken file may be mended while the device runs on.
                control.note("\(error)")
                control.pause(atMost: device.agent.maximumPause)
            }
        }
        return false
    }

    private func restart() {
        control.note("the machine restarts")
        guard !device.rebootCommand.isEmpty else { return }
        do throws(SlotError) {
            try Command.run(device.rebootCommand, timeout: .seconds(60))
        } catch { control.note("\(error)") }
    }
}
