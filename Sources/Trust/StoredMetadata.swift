/// The trusted metadata that a client keeps between refreshes, as the bytes it received.
public struct StoredMetadata: Hashable, Sendable {
    public var root: [UInt8]
    public var timestamp: [UInt8]?
    public var snapshot: [UInt8]?
    public var targets: [UInt8]?
    public var delegated: [DelegatedRoleName: [UInt8]]

    public init(
        root: [UInt8], timestamp: [UInt8]? = nil, snapshot: [UInt8]? = nil,
        targets: [UInt8]? = nil, delegated: [DelegatedRoleName: [UInt8]] = [:]
    ) {
        self.root = root
        self.timestamp = timestamp
        self.snapshot = snapshot
        self.targets = targets
        self.delegated = delegated
    }

    /// What is kept of a role; root is always there, and forgetting it is a programmer's error.
    public subscript(role: RoleName) -> [UInt8]? {
        get {
            switch role {
            case .root: root
            case .timestamp: timestamp
            case .snapshot: snapshot
            case .targets: targets
            case .delegated(let name): delegated[name]
            case .offer: nil
            }
        }
        set {
            switch role {
            case .root:
                guard let newValue else { preconditionFailure("a client always has a root") }
                root = newValue
            case .timestamp: timestamp = newValue
            case .snapshot: snapshot = newValue
            case .targets: targets = newValue
            case .delegated(let name): delegated[name] = newValue
            case .offer: preconditionFailure("the offer role has no metadata of its own")
            }
        }
    }
}
