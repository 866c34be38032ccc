/// One reader of foreign bytes, and what must hold whatever the bytes are.
///
/// Some inputs are several documents: they are separated by the byte 0x1e, which RFC 7464 chose for
/// this because it can stand in no JSON text.
enum FuzzTarget: String, CaseIterable, Sendable {
    case json
    case envelope
    /// One key object of metadata, under its right name in a root.
    case key
    /// A root to begin with, then roots that follow it.
    case root
    case timestamp
    case snapshot
    case targets
    /// The path of a target, targets metadata, and that of whomever a search asks.
    case delegations
    /// Stored timestamp, snapshot and targets, then the answers to what a client asks for.
    case refresh
    /// Root, timestamp, snapshot, targets, then delegated roles and what somebody publishes.
    case repository
    /// The answers to what a keeper asks for.
    case reading
    case staged
    case checkIn = "check-in"
    case directive
    case offer
    /// What a bundle that was carried to a device begins with.
    case bundle
    case rolloutFile = "rollout-file"
    /// What goes over the management interface, either way.
    case management
    /// Names, versions, moments, paths, base 64, hexadecimal.
    case text
    /// A pattern and a path.
    case pathPattern = "path-pattern"
    case publicKey = "public-key"
    case privateKey = "private-key"

    /// - Throws: ``BrokenPromise``; whatever else goes wrong is a trap.
    func run(_ bytes: [UInt8]) throws(BrokenPromise) {
        switch self {
        case .json: try JSONTarget.document(bytes)
        case .envelope: try JSONTarget.envelope(bytes)
        case .key: try KeyTarget.object(bytes)
        case .root: try MetadataTarget.root(Self.parts(bytes))
        case .timestamp: try MetadataTarget.timestamp(bytes)
        case .snapshot: try MetadataTarget.snapshot(bytes)
        case .targets: try MetadataTarget.targets(bytes)
        case .delegations: try ClientTarget.delegations(Self.parts(bytes))
        case .refresh: try ClientTarget.refresh(Self.parts(bytes))
        case .repository: try KeeperTarget.repository(Self.parts(bytes))
        case .reading: try KeeperTarget.reading(Self.parts(bytes))
        case .staged: try KeeperTarget.staged(bytes)
        case .checkIn: try WireTarget.checkIn(bytes)
        case .directive: try WireTarget.directive(bytes)
        case .offer: try WireTarget.offer(bytes)
        case .bundle: try BundleTarget.head(bytes)
        case .rolloutFile: try WireTarget.rolloutFile(bytes)
        case .management: try WireTarget.management(bytes)
        case .text:
            try TextTarget.texts(Self.parts(bytes).map { String(decoding: $0, as: UTF8.self) })
        case .pathPattern: try TextTarget.pathPattern(Self.parts(bytes))
        case .publicKey: try KeyTarget.publicKey(bytes)
        case .privateKey: try KeyTarget.privateKey(bytes)
        }
    }

    private static func parts(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: 0x1e, omittingEmptySubsequences: false).map { Array($0) }
    }
}
