public import Model

/// What an agent is told once, by whoever builds the device.
public struct AgentConfiguration: Hashable, Sendable {
    public var device: DeviceID
    public var hardware: HardwareModel
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
    public var limits: Limits

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
    public var transport: any Transport
    public var slots: any SlotSet
    public var bootloader: any Bootloader
    public var health: any HealthCheck
    public var store: any AgentStore
    public var observer: any AgentObserver
    public var clock: any AgentClock
    /// Holds the device's own key.
    public var identity: any DeviceIdentity
    public var consent: any Consent = NoDevicePorts()
    public var hooks: any HookRunner = NoDevicePorts()
    public var log: any LogTail = NoDevicePorts()
    public var bundles: any BundleOpener = NoDevicePorts()
    public var fetching: any FetchGate = NoDevicePorts()
    /// Spreads pauses, so that devices that lost one server at once do not come back at once.
    public var random: any RandomNumberGenerator = SystemRandomNumberGenerator()
    public var inventory: any InventorySource = NoDevicePorts()
    /// Whether somebody at the device waits for the agent, so that a long transfer is put aside.
    public var isCalled: () -> Bool = { false }

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
    var publicKey: Ed25519PublicKey { get }
    func sign(_ message: [UInt8]) throws(IdentityError) -> [UInt8]
}

/// The device's key cannot be used.
public struct IdentityError: Error, Hashable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
