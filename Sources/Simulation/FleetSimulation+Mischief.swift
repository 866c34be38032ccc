internal import Model
internal import SimulatedDisk

/// What goes wrong by itself.
extension FleetSimulation {
    func planMischief() {
        planActs()
        if faults.contains(.cuts) {
            again(600_000...14_400_000, "power cuts") { [unowned self] in
                let device = luck.choice(devices, "power cuts")
                cutPower(
                    of: device, "somebody pulls the plug",
                    forMilliseconds: luck.number(1000...10_800_000, "power cuts"))
            }
        }
        if faults.contains(.crashes) {
            again(1_800_000...28_800_000, "kills") { [unowned self] in
                crash(luck.choice(servers, "kills"))
            }
        }
        if faults.contains(.partitions) {
            again(900_000...10_800_000, "partitions") {
                [unowned self] in partition()
            }
        }
        if faults.contains(.fullDisk) {
            again(900_000...10_800_000, "full disks") {
                [unowned self] in fillDisk()
            }
        }
        if faults.contains(.flips) {
            again(900_000...14_400_000, "flips") {
                [unowned self] in flipBit()
            }
        }
        if faults.contains(.clocks) {
            again(600_000...10_800_000, "clocks") {
                [unowned self] in stepClock()
            }
        }
        if faults.contains(.forgery) {
            again(300_000...3_600_000, "forgery") {
                [unowned self] in forgeCheckIn()
            }
        }
        if faults.contains(.thief) {
            again(600_000...5_400_000, "thief") {
                [unowned self] in actAsThief()
            }
        }
        if faults.contains(.keys) {
            again(3_600_000...21_600_000, "keys") {
                [unowned self] in replaceKey()
            }
        }
    }

    /// Does something again and again, until the faults are over.
    private func again(
        _ pause: ClosedRange<Int64>, _ stream: String, _ body: @escaping () -> Void
    ) {
        plan(after: luck.number(pause, stream)) { [unowned self] in
            guard !areFaultsOver else { return }
            body()
            again(pause, stream, body)
        }
    }

    private func partition() {
        let device = luck.choice(devices, "partitions")
        let end = now + luck.number(60_000...14_400_000, "partitions")
        switch luck.number(0...2, "partitions") {
        case 0: device.unheardUntil = end
        case 1: device.deafUntil = end
        default: (device.unheardUntil, device.deafUntil) = (end, end)
        }
        note("network", "cuts \(device.id) off until \(Trace.time(end))")
    }

    private func fillDisk() {
        let device = luck.choice(devices, "full disks")
        guard device.isOn else { return }
        device.disk.isFull = true
        note("\(device.id)", "has no room on its disk any more")
        plan(after: luck.number(60_000...7_200_000, "full disks")) {
            device.disk.isFull = false
        }
    }

    private func stepClock() {
        let device = luck.choice(devices, "clocks")
        let error: Int64 =
            switch luck.number(0...5, "clocks") {
            case 0: 0
            case 1: luck.number(-20...20, "clocks")
            case 2: luck.number(-14_400...14_400, "clocks")
            case 3: luck.number(-400...400, "clocks") * 86_400
            case 4: -clock.now.secondsSinceEpoch
            default: luck.number(-3600...3600, "clocks")
            }
        device.clockError = error
        note("\(device.id)", "has a clock that is \(error) s ahead")
        plan(after: luck.number(600_000...14_400_000, "clocks")) { device.clockError = 0 }
    }

    /// A bit of what the agent keeps changes while the machine is on.
    private func flipBit() {
        let device = luck.choice(devices, "flips")
        guard device.isOn else { return }
        let paths = [
            SimulatedDevice.statePath, "\(SimulatedDevice.recordFolder)/a.content",
            "\(SimulatedDevice.recordFolder)/b.content",
            "\(SimulatedDevice.folder)/metadata/timestamp.json",
            "\(SimulatedDevice.folder)/metadata/snapshot.json",
            "\(SimulatedDevice.folder)/metadata/targets.json",
        ]
        let path = luck.choice(paths, "flips")
        guard device.disk.isSettled, var bytes = device.disk.live.bytes(path), !bytes.isEmpty
        else { return }
        let place = Int(luck.number(0...Int64(bytes.count - 1), "flips"))
        bytes[place] ^= 1 << UInt8(luck.number(0...7, "flips"))
        device.disk.put(path, bytes)
        note("\(device.id)", "has a wrong bit in \(path)")
        if path == SimulatedDevice.statePath { device.witness.forget(but: device.runs) }
    }
}
