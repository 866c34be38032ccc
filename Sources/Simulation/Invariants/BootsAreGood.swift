internal import Model
internal import SimulatedDisk
internal import Trust

/// P1: a device runs only bytes that a threshold signed for its hardware, and never goes back
/// without their permission. P5: what can boot is complete, and only what was healthy is kept.
extension FleetSimulation {
    func checkBoot(of device: SimulatedDevice, isTrial: Bool) {
        guard let firmware = device.runs else {
            let bytes = device.disk.live.bytes(BootEnvironment.slots[device.slot] ?? "") ?? []
            guard !evilBytes.contains(where: { bytes.starts(with: $0) }) else {
                return fail(
                    "P1", "RunsWhatWasSigned", "it boots what an attacker has made", [device])
            }
            return fail(
                "P5", "BootsACompleteImage",
                "slot \(device.slot) is booted and holds no image that was ever signed", [device])
        }
        let permissions = keeper.signed[firmware.digest] ?? []
        guard permissions.contains(where: { $0.hardware.contains(device.hardware) }) else {
            return fail(
                "P1", "RunsWhatWasSigned",
                "\(firmware.release) was not signed for \(device.hardware) by a threshold",
                [device])
        }
        guard isTrial else { return }
        let newest = device.witness.newest[firmware.release.name]
        guard let highest = permissions.map(\.rank).max(), newest.map({ highest >= $0 }) ?? true
        else {
            return fail(
                "P1", "NeverGoesBack",
                "\(firmware.release) is tried after \(newest.map { "\($0)" } ?? "nothing")",
                [device])
        }
    }

    /// The slot that is going to be tried holds a whole image, whatever happens to the power.
    func checkArming(_ slot: String, of device: SimulatedDevice) {
        let bytes = device.disk.durable.bytes(BootEnvironment.slots[slot] ?? "")
        guard keeper.firmware(in: bytes) != nil else {
            return fail(
                "P5", "ArmsAfterTheImageIsDurable",
                "slot \(slot) is armed, and a power cut would leave no image in it", [device])
        }
    }

    /// Only what runs, and was healthy in this boot, is kept.
    func checkConfirming(_ slot: String, of device: SimulatedDevice) {
        let isConfirmed = BootEnvironment(device.disk.live)?.confirmed == slot
        guard isConfirmed || device.witness.healthyBoot == device.bootCount && slot == device.slot
        else {
            return fail(
                "P5", "KeepsWhatWasHealthy",
                "slot \(slot) is confirmed, and was not healthy in this boot", [device])
        }
    }
}
