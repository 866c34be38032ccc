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
        let paths = device.slotPaths
        let transport: HTTPTransport
        do {
            transport = try HTTPTransport(
                device.network, limits: device.agent.limits, clock: SystemClock(),
                note: { [control] in control.note($0) },
                willCheckIn: { [control] in control.willCheckIn(as: $0) })
        } catch { throw .configuration(path: device.network.server, problem: "\(error)") }
        var ports = AgentPorts(
            transport: transport, slots: device.slots,
            bootloader: device.bootloader,
            health: device.health.checks(
                clock: device.clock, slotPath: { paths[$0] ?? "" },
                confirmation: ManualConfirmation(path: device.confirmedPath),
                boot: { [device] in (try? device.bootloader.status())?.bootID }),
            store: store, observer: control, clock: device.clock,
            identity: try device.identity.identity(at: device.keyPath))
        ports.hooks = device.hooks.hooks
        ports.consent = device.hooks.consent(clock: device.clock)
        if let log = device.hooks.log { ports.log = log }
        ports.inventory = device.inventory.inventory(
            fixed: device.agent.attributes, clock: device.clock,
            note: { [control] in control.note($0) })
        ports.fetching = device.network
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
        let clock = device.clock
        let watchdog = device.watchdog?.watchdog(
            uptime: { clock.uptime }, note: { Console.note("slipway-agent: \($0)") })
        control.start(agent)
        while !control.isStopping {
            do throws(AgentError) {
                control.serve()
                guardTrial(of: agent, with: watchdog)
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

    /// Keeps the watchdog armed while a trial runs.
    ///
    /// One that failed ends in a restart, and the watchdog sees to it that there is one.
    private func guardTrial(of agent: UpdateAgent, with watchdog: Watchdog?) {
        if let end = agent.trialEnds {
            watchdog?.begin(deadline: end)
        } else if case .rollingBack = agent.state.phase {
            return
        } else {
            watchdog?.end()
        }
    }

    private func restart() {
        control.note("the machine restarts")
        guard !device.rebootCommand.isEmpty else { return }
        let argument = device.bootloader.rebootArgument
        do throws(SlotError) {
            try Command.run(
                device.rebootCommand + (argument.map { [$0] } ?? []), timeout: .seconds(60))
        } catch { control.note("\(error)") }
    }
}
