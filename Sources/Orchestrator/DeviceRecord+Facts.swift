public import Model
public import Rollouts

extension DeviceRecord {
    /// What rollouts decide by; a release counts only once the device keeps it.
    public var facts: DeviceFacts {
        DeviceFacts(
            id: id, hardware: hardware, release: isConfirmed ? release : nil,
            image: isConfirmed ? image : nil, attributes: attributes, lastSeen: lastSeen,
            standing: DeviceFacts.Standing(lifecycle, held: heldReason, quarantined: quarantined),
            pin: pin)
    }
}

extension DeviceFacts.Standing {
    /// The strongest of what stands against updating a device.
    public init(_ lifecycle: DeviceRecord.Lifecycle, held: String?, quarantined: Instant?) {
        switch (lifecycle, quarantined, held) {
        case (.retired, _, _): self = .retired
        case (.active, .some, _): self = .quarantined
        case (.active, nil, let reason?): self = .held(reason)
        case (.active, nil, nil): self = .active
        }
    }
}
