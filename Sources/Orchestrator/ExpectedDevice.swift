public import Model

/// A device that the inventory has, or that asks to be taken in, and that is not enrolled yet.
///
/// No rollout counts it: nothing is known of it but what people and strangers say.
public struct ExpectedDevice: Hashable, Sendable {
    public var id: DeviceID
    /// What it must say that it is; `nil` for anything.
    public var hardware: HardwareModel?
    /// The key that it will speak with, and needs no token then; `nil` while it is not known.
    public var publicKey: Ed25519PublicKey?
    public var attributes: Attributes
    public var since: Instant
    /// Who planned it; `nil` for one that has only asked by itself.
    public var plannedBy: OperatorName?
    /// What it has shown of itself, and what waits for an operator's word.
    public var application: Application?

    /// What somebody showed who would be this device, and has no token.
    public struct Application: Hashable, Sendable {
        public var key: Ed25519PublicKey
        public var hardware: HardwareModel
        public var at: Instant

        public init(key: Ed25519PublicKey, hardware: HardwareModel, at: Instant) {
            self.key = key
            self.hardware = hardware
            self.at = at
        }
    }

    public init(
        id: DeviceID, hardware: HardwareModel?, publicKey: Ed25519PublicKey?,
        attributes: Attributes, since: Instant, plannedBy: OperatorName?,
        application: Application? = nil
    ) {
        self.id = id
        self.hardware = hardware
        self.publicKey = publicKey
        self.attributes = attributes
        self.since = since
        self.plannedBy = plannedBy
        self.application = application
    }
}

/// Questions about the inventory inside one transaction.
public protocol InventoryReader {
    func expectedDevice(_ id: DeviceID) throws -> ExpectedDevice?
    /// The next of them by id, `limit` at most; from the first on where `after` is `nil`.
    func expectedDevices(after id: DeviceID?, limit: Int) throws -> [ExpectedDevice]
    /// Those that have shown a key and wait for an operator's word, by id.
    func applications() throws -> [ExpectedDevice]
    /// Some of those that have only asked by themselves, before `moment`; `limit` at most.
    func uninvited(askedBefore moment: Instant, limit: Int) throws -> [DeviceID]
    /// How many have only asked by themselves.
    func uninvitedCount() throws -> Int
}

/// Changes of the inventory inside one transaction.
public protocol InventoryWriter: InventoryReader {
    /// Adds the device or replaces it.
    func save(_ device: ExpectedDevice) throws
    func removeExpectedDevice(_ id: DeviceID) throws
}
