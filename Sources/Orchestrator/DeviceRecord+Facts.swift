public import Model
public import Rollouts

extension DeviceRecord {
    /// What rollouts decide by.
    public var facts: DeviceFacts {
        DeviceFacts(
            id: id, hardware: hardware, booted: release, image: image, isConfirmed: isConfirmed,
            attributes: attributes, lastSeen: lastSeen,
            standing: DeviceFacts.Standing(lifecycle, held: heldReason, quarantined: quarantined),
            pin: pin)
    }
}

extension DeviceFacts {
    /// What rollouts decide by; a release counts only once the device keeps it.
    ///
    /// The only place that tells it from what a store keeps.
    public init(
        id: DeviceID, hardware: HardwareModel, booted release: ReleaseID?, image: Digest?,
        isConfirmed: Bool, attributes: Attributes, lastSeen: Instant, standing: Standing,
        pin: ReleaseID?
    ) {
        self.init(
            id: id, hardware: hardware, release: isConfirmed ? release : nil,
            image: isConfirmed ? image : nil, attributes: attributes, lastSeen: lastSeen,
            standing: standing, pin: pin)
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
