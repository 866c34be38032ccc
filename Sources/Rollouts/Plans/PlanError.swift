public import Model

/// Why a rollout cannot be planned for the fleet as it is.
public enum PlanError: Error, Hashable, Sendable {
    case selectorPicksNoDevice
    /// The selected devices are of these models, sorted, and the release has an image for none.
    case noImageForAnyDevice(hardware: [HardwareModel])
    /// Devices are selected, but each is excluded for one of these reasons.
    case everyDeviceExcluded([Ineligibility.Kind: Int])
    /// A selector or a stratum names an attribute that no device has.
    case unknownWord(UnknownWord, in: String)
    /// The wave lists devices that the fleet does not have; sorted.
    case unknownDevices(wave: String, [DeviceID])
    /// The wave's selector picks no device that an earlier wave does not reach.
    case waveAddsNothing(wave: String)
    /// An image is longer than may ever be offered within the budget's unit of time.
    case imageExceedsEgress(EgressBudget, length: Int64)
    /// No device has the attribute that tells when its window opens.
    case windowNeverOpens(attribute: String)
    /// An emergency's first wave is no small part of the candidates.
    case canaryTooLarge(wave: String, devices: Int, of: Int, most: Int)
    /// The wave and those before it reach fewer devices than the gate wants proven.
    case gateCannotBeMet(wave: String, minConfirmed: Int, devices: Int)
    /// Even if all of the wave's devices prove the release, that is too little evidence of health.
    case healthCannotBeShown(wave: String, devices: Int)
}

extension PlanError: CustomStringConvertible {
    /// One clause for the author of the rollout.
    public var description: String {
        switch self {
        case .selectorPicksNoDevice: "the selector picks no device"
        case .noImageForAnyDevice(let hardware):
            "the release has no image for any selected device; their hardware is "
                + hardware.prefix(10).map(\.text).joined(separator: ", ")
                + (hardware.count > 10 ? " and \(hardware.count - 10) more" : "")
        case .everyDeviceExcluded(let excluded):
            "no device can take the release: "
                + Ineligibility.Kind.allCases.compactMap { kind in
                    excluded[kind].map { "\($0) \(kind)" }
                }.joined(separator: ", ")
        case .unknownWord(let word, let place): "\(place): \(word)"
        case .unknownDevices(let wave, let devices):
            "wave \(Quotation.of(wave)) lists devices that are not known: "
                + devices.prefix(10).map(\.text).joined(separator: ", ")
                + (devices.count > 10 ? " and \(devices.count - 10) more" : "")
        case .waveAddsNothing(let wave):
            "wave \(Quotation.of(wave)) picks no device that can take the release and is not"
                + " reached before"
        case .imageExceedsEgress(let egress, let length):
            "an image has \(length) bytes, more than the egress of \(egress) ever allows"
        case .windowNeverOpens(let attribute):
            "the window never opens: no device has an attribute \(attribute), which tells when"
        case .canaryTooLarge(let wave, let devices, let candidates, let most):
            "wave \(Quotation.of(wave)) reaches \(devices) of \(candidates) devices; an"
                + " emergency's first wave takes \(most) at most"
        case .gateCannotBeMet(let wave, let minConfirmed, let devices):
            "gate can never be met: \(minConfirmed) confirmations asked of the \(devices) devices"
                + " that wave \(Quotation.of(wave)) reaches"
        case .healthCannotBeShown(let wave, let devices):
            "wave \(Quotation.of(wave)) reaches \(devices) devices, "
                + "too few to show evidence of health even if none fails"
        }
    }
}
