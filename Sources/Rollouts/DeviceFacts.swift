public import Model

/// What is known of a device when rollouts are decided.
public struct DeviceFacts: Hashable, Sendable {
    public let id: DeviceID
    public let hardware: HardwareModel
    /// The release that the device is proven to run; `nil` while that is unknown.
    public let release: ReleaseID?
    /// The image that the device booted; `nil` while that is unknown.
    public let image: Digest?
    public let attributes: Attributes
    public let lastSeen: Instant
    /// Whether the device's lifecycle lets it be updated; retired devices are not active.
    public let isActive: Bool

    public init(
        id: DeviceID, hardware: HardwareModel, release: ReleaseID?, image: Digest?,
        attributes: Attributes, lastSeen: Instant, isActive: Bool
    ) {
        self.id = id
        self.hardware = hardware
        self.release = release
        self.image = image
        self.attributes = attributes
        self.lastSeen = lastSeen
        self.isActive = isActive
    }
}
