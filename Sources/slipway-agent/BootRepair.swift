internal import Agent
internal import Model
internal import Slots

/// `slipway-agent repair-boot`: for a boot environment that is damaged, missing, or not ours yet.
struct BootRepair {
    private let device: DeviceFile

    init(_ device: DeviceFile) { self.device = device }

    /// Keeps the slot that runs: of the others nobody knows whether they boot.
    func run() throws(CommandError) {
        if let status = try? device.bootloader.status() {
            throw .refused(
                "nothing is to be repaired: slot \(status.confirmed) is confirmed, and slot"
                    + " \(status.booted) runs")
        }
        guard let bootloader = device.bootloader as? any RepairableBootloader else {
            throw .refused("this bootloader has no environment that could be written anew")
        }
        do throws(SlotError) {
            let slot = try bootloader.runningSlot()
            try bootloader.repair(confirming: slot)
            Console.answer("slot \(slot), which runs, is now the confirmed one")
        } catch { throw .device(error) }
    }
}
