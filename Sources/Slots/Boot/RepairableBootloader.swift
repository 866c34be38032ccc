public import Agent
public import Model

/// A bootloader whose environment a person can have written anew where it is damaged or missing.
///
/// The agent never does so by itself: what is written is not what the bootloader said.
public protocol RepairableBootloader: Bootloader {
    /// The slot that runs, by the kernel's word, whatever the environment says.
    func runningSlot() throws(SlotError) -> SlotName
    /// Makes `slot` the confirmed one, with no trial, in an environment made anew.
    func repair(confirming slot: SlotName) throws(SlotError)
}

extension GrubEnvironment: RepairableBootloader {
    public func runningSlot() throws(SlotError) -> SlotName { try booted.slot() }
}

extension UBootEnvironment: RepairableBootloader {
    public func runningSlot() throws(SlotError) -> SlotName { try booted.slot() }
}

extension UBootTools: RepairableBootloader {
    public func runningSlot() throws(SlotError) -> SlotName { try booted.slot() }
}
