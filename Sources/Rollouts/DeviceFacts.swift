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
    public let standing: Standing
    /// The one release that an operator lets the device have; `nil` for any.
    public let pin: ReleaseID?

    /// Whether a device may be updated at all.
    public enum Standing: Hashable, Sendable {
        case active
        /// By an operator, for this reason.
        case held(String)
        /// By the server, because the device failed again and again.
        case quarantined
        case retired
    }

    public init(
        id: DeviceID, hardware: HardwareModel, release: ReleaseID?, image: Digest?,
        attributes: Attributes, lastSeen: Instant, standing: Standing = .active,
        pin: ReleaseID? = nil
    ) {
        self.id = id
        self.hardware = hardware
        self.release = release
        self.image = image
        self.attributes = attributes
        self.lastSeen = lastSeen
        self.standing = standing
        self.pin = pin
    }

    public var isActive: Bool { standing == .active }
}
