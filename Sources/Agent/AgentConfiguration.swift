public import Model

/// What an agent is told once, by whoever builds the device.
public struct AgentConfiguration: Hashable, Sendable {
    /// Unique in the fleet.
    public var device: DeviceID
    /// An image for any other model is refused.
    public var hardware: HardwareModel
    /// What a rollout may choose this device by; told to the server when it changes.
    public var attributes: Attributes
    /// Shown in check-ins until the server has answered one.
    public var enrolmentToken: String
    /// How long after the machine's start a new image may take to pass its checks and reach the
    /// server; the image that runs sets it for the one that it installs.
    public var trialDeadline: Duration
    /// The longest pause between two tries while the server does not answer.
    public var maximumPause: Duration
    /// How often downloaded bytes are made durable, in bytes; a cut loses at most so many.
    public var durableStepBytes: Int64
    /// The most that is accepted from anybody.
    public var limits: Limits

    /// Every member is told in its own place.
    public init(
        device: DeviceID, hardware: HardwareModel, attributes: Attributes, enrolmentToken: String,
        trialDeadline: Duration, maximumPause: Duration, durableStepBytes: Int64, limits: Limits
    ) {
        self.device = device
        self.hardware = hardware
        self.attributes = attributes
        self.enrolmentToken = enrolmentToken
        self.trialDeadline = trialDeadline
        self.maximumPause = maximumPause
        self.durableStepBytes = durableStepBytes
        self.limits = limits
    }
}

/// Everything outside the agent that it works with.
public struct AgentPorts {
    /// The way to the server.
    public var transport: any Transport
    /// Where images go.
    public var slots: any SlotSet
    /// What decides which slot boots.
    public var bootloader: any Bootloader
    /// Whether a new image does its work.
    public var health: any HealthCheck
    /// What the agent remembers.
    public var store: any AgentStore
    /// Told of everything that happens.
    public var observer: any AgentObserver
    /// The machine's clocks.
    public var clock: any AgentClock
    /// Holds the device's own key.
    public var identity: any DeviceIdentity
    /// Asked before the restart into a new image.
    public var consent: any Consent = NoDevicePorts()
    /// The device's own programs around an update.
    public var hooks: any HookRunner = NoDevicePorts()
    /// Asked for the last words of an image that failed.
    public var log: any LogTail = NoDevicePorts()
    /// Opens updates that are carried to the device.
    public var bundles: any BundleOpener = NoDevicePorts()
    /// When an image may be fetched.
    public var fetching: any FetchGate = NoDevicePorts()
    /// Spreads pauses, so that devices that lost one server at once do not come back at once.
    public var random: any RandomNumberGenerator = SystemRandomNumberGenerator()
    /// Attributes that the device finds out by itself.
    public var inventory: any InventorySource = NoDevicePorts()
    /// Whether somebody at the device waits for the agent, so that a long transfer is put aside.
    public var isCalled: () -> Bool = { false }

    /// The ports that every device has; the others object to nothing until they are set.
    public init(
        transport: any Transport, slots: any SlotSet, bootloader: any Bootloader,
        health: any HealthCheck, store: any AgentStore, observer: any AgentObserver,
        clock: any AgentClock, identity: any DeviceIdentity
    ) {
        self.transport = transport
        self.slots = slots
        self.bootloader = bootloader
        self.health = health
        self.store = store
        self.observer = observer
        self.clock = clock
        self.identity = identity
    }
}

/// The device's own key; the private half never leaves whatever implements this.
public protocol DeviceIdentity {
    /// By which the server knows the device.
    var publicKey: Ed25519PublicKey { get }
    /// Signs what the device says; 64 bytes.
    func sign(_ message: [UInt8]) throws(IdentityError) -> [UInt8]
}

/// The device's key cannot be used.
public struct IdentityError: Error, Hashable, CustomStringConvertible {
    /// One sentence for a person.
    public let description: String

    /// - Parameter description: One sentence for a person.
    public init(_ description: String) { self.description = description }
}
