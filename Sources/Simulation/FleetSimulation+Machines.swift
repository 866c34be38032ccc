internal import Agent
internal import Model
internal import Rollouts
internal import SimulatedDisk
internal import Slots
internal import Trust

/// Power, boots and the agent's steps.
extension FleetSimulation {
    static let models = ["gw-1", "gw-2"]

    func makeDevice(_ number: Int) throws -> SimulatedDevice {
        let hardware = keeper.model(luck.happens(2, in: 3, "devices") ? "gw-2" : "gw-1")
        let factory = keeper.factory(hardware)
        var values = [
            "site": "site-\(luck.number(1...4, "devices"))", "pair": "pair-\((number + 1) / 2)",
            "board": luck.choice(["A", "B", "C"], "devices"),
        ]
        values["timezone"] = luck.choice(["UTC", "Etc/GMT-5", "Etc/GMT+3"], "devices")
        return SimulatedDevice(
            number, hardware: hardware, attributes: try Attributes(values),
            key: SimulatedKey(&luck, "device keys", ring),
            forgetsTime: faults.contains(.clocks) && luck.happens(1, in: 4, "devices"),
            factory: factory, root: keeper.firstRoot)
    }

    // MARK: Power

    /// Switches the machine on.
    func powerOn(_ device: SimulatedDevice) {
        guard !device.isOn else { return }
        device.disk = device.disk.remains(using: &diskLuck)
        prepareDisk(of: device)
        boot(device)
    }

    /// The power goes, in the middle of whatever the machine does.
    func cutPower(of device: SimulatedDevice, _ why: String, forMilliseconds time: Int64) {
        guard device.isOn else { return }
        note("\(device.id)", "loses power: \(why)")
        device.isOn = false
        device.generation += 1
        device.agent = nil
        device.disk.switchOff()
        plan(after: time) { [unowned self] in powerOn(device) }
    }

    private func prepareDisk(of device: SimulatedDevice) {
        let disk = device.disk
        disk.keepsCalls = false
        guard faults.contains(.cuts) || faults.contains(.badWrites) else { return }
        disk.powerFails = { [unowned self, unowned device, unowned disk] in
            guard device.disk === disk, device.isOn, isAtWork(.cuts),
                luck.happens(1, in: rates.cut, "cuts")
            else { return false }
            cutPower(
                of: device, "while it writes to its disk",
                forMilliseconds: luck.number(1000...3_600_000, "cuts"))
            return true
        }
        disk.spoils = { [unowned self] path, bytes in
            guard path.hasPrefix("/dev/"), isAtWork(.badWrites),
                luck.happens(1, in: 40, "bad writes"), !bytes.isEmpty
            else { return bytes }
            var bytes = bytes
            let place = Int(luck.number(0...Int64(bytes.count - 1), "bad writes"))
            bytes[place] ^= 1 << UInt8(luck.number(0...7, "bad writes"))
            note("\(device.id)", "stores a wrong bit in \(path)")
            return bytes
        }
    }

    private func boot(_ device: SimulatedDevice) {
        device.generation += 1
        device.bootCount += 1
        device.bootedAt = now
        device.isOn = true
        if device.forgetsTime { device.clockError = -clock.now.secondsSinceEpoch }
        let isTrial = BootEnvironment(device.disk.live)?.isArmed ?? false
        guard let slot = BootEnvironment.boot(device.disk, number: device.bootCount) else {
            return fail("P5", "BootsACompleteImage", "no slot can be booted", [device])
        }
        device.slot = slot
        device.runs = keeper.firmware(in: device.disk.live.bytes(BootEnvironment.slots[slot] ?? ""))
        note(
            "\(device.id)",
            "boots slot \(slot)\(isTrial ? " on trial" : ""):"
                + " \(device.runs.map { "\($0.release)" } ?? "no complete image")")
        checkBoot(of: device, isTrial: isTrial)
        guard let runs = device.runs else { return }
        let conduct = runs.conduct(onBoard: device.board)
        switch conduct {
        case .neverBoots: reset(device, "the image does not come up", after: 15_000)
        case .hangs: reset(device, "a watchdog finds that nothing comes up", after: 300_000)
        case .crashes:
            startAgent(device)
            reset(device, "the image crashes", after: luck.number(2000...200_000, "crashes"))
        case .unhealthy, .dark, nil: startAgent(device)
        }
        if device.forgetsTime { setClock(of: device) }
    }

    /// A reset is a loss of power that is over at once.
    private func reset(_ device: SimulatedDevice, _ why: String, after time: Int64) {
        let generation = device.generation
        plan(after: time) { [unowned self] in
            guard device.generation == generation else { return }
            cutPower(of: device, why, forMilliseconds: 3000)
        }
    }

    private func setClock(of device: SimulatedDevice) {
        let generation = device.generation
        plan(after: luck.number(20_000...900_000, "clocks")) { [unowned self] in
            guard device.generation == generation else { return }
            device.clockError = 0
            note("\(device.id)", "learns the time from the network")
        }
    }

    // MARK: The agent

    private func startAgent(_ device: SimulatedDevice) {
        let generation = device.generation
        plan(after: luck.number(5000...40_000, "boots")) { [unowned self] in
            guard device.generation == generation else { return }
            makeAgent(device)
        }
    }

    private func makeAgent(_ device: SimulatedDevice) {
        let link = DeviceLink(device, self)
        do {
            var ports = AgentPorts(
                transport: link, slots: device.slots, bootloader: link, health: link,
                store: try FolderStore(
                    folder: SimulatedDevice.folder, shippedRoot: SimulatedDevice.shippedRoot,
                    on: device.disk),
                observer: link, clock: DeviceLink.Clock(device: device, world: self),
                identity: link)
            ports.random = luck.generator("agent \(device.number) boot \(device.bootCount)")
            device.agent = try UpdateAgent(
                device.configuration(), ports: ports, cryptography: cryptography)
        } catch {
            guard link.isAlive else { return }
            note("\(device.id)", "cannot start its agent: \(error)")
            // A service manager starts it again.
            let generation = device.generation
            return plan(after: 30_000) { [unowned self] in
                guard device.generation == generation else { return }
                makeAgent(device)
            }
        }
        guard link.isAlive else { return }
        turn(device, link)
    }

    /// Lets the agent do one thing.
    private func turn(_ device: SimulatedDevice, _ link: DeviceLink) {
        guard link.isAlive, let agent = device.agent else { return }
        let pause: UpdateAgent.Pause
        do { pause = try agent.advance() } catch {
            guard link.isAlive else { return }
            note("\(device.id)", "cannot go on: \(error)")
            return plan(after: 60_000) { [unowned self] in turn(device, link) }
        }
        guard link.isAlive else { return }
        noteFailure(of: device, agent)
        switch pause {
        case .goOn: plan(after: 20) { [unowned self] in turn(device, link) }
        case .wait(let time):
            plan(after: max(20, time.milliseconds)) { [unowned self] in turn(device, link) }
        case .reboot: restart(device)
        }
    }

    private func noteFailure(of device: SimulatedDevice, _ agent: UpdateAgent) {
        switch agent.state.phase {
        case .failed(let job, let failure), .rollingBack(let job, let failure):
            guard device.notedFailure != job.nonce else { return }
            device.notedFailure = job.nonce
            note("\(device.id)", "gave up \(job.release): \(failure)")
        case .idle, .offered, .downloading, .verifying, .installed, .trial, .confirming, .proven:
            return
        }
    }

    /// A clean restart: what was written is on the disk.
    private func restart(_ device: SimulatedDevice) {
        note("\(device.id)", "restarts")
        guard device.disk.isSettled else {
            return fail(
                "P5", "RestartsWithEverythingDurable",
                "it asks for a restart before everything is durable", [device])
        }
        device.isOn = false
        device.generation += 1
        device.agent = nil
        device.disk.switchOff()
        plan(after: 5000) { [unowned self] in powerOn(device) }
    }
}

extension Duration {
    /// Rounded down.
    var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
