/// How much of anything Slipway accepts from outside; every reader is handed these by its caller.
public struct Limits: Hashable, Sendable {
    /// A check-in or a directive.
    public var messageBytes: Int
    /// A request to the management interface, images excepted.
    public var requestBytes: Int
    public var rootBytes: Int
    public var timestampBytes: Int
    /// A snapshot whose length the timestamp does not tell.
    public var snapshotBytes: Int
    /// Targets whose length the snapshot does not tell.
    public var targetsBytes: Int
    /// How many new roots one refresh follows.
    public var rootRotations: Int
    /// How many delegated roles one search for a target enters.
    public var delegations: Int
    /// Signatures on one piece of metadata.
    public var signatures: Int
    public var imageBytes: Int64

    public init(
        messageBytes: Int, requestBytes: Int, rootBytes: Int, timestampBytes: Int,
        snapshotBytes: Int, targetsBytes: Int, rootRotations: Int, delegations: Int,
        signatures: Int,
        imageBytes: Int64
    ) {
        self.messageBytes = messageBytes
        self.requestBytes = requestBytes
        self.rootBytes = rootBytes
        self.timestampBytes = timestampBytes
        self.snapshotBytes = snapshotBytes
        self.targetsBytes = targetsBytes
        self.rootRotations = rootRotations
        self.delegations = delegations
        self.signatures = signatures
        self.imageBytes = imageBytes
    }

    /// The limits of the programs that we ship; those of metadata are python-tuf's.
    public static let standard = Limits(
        messageBytes: 65_536, requestBytes: 1_048_576, rootBytes: 512_000, timestampBytes: 16_384,
        snapshotBytes: 2_000_000, targetsBytes: 5_000_000, rootRotations: 256, delegations: 32,
        signatures: 64, imageBytes: 1 << 40)
}
