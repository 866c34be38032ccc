/// The order in which a device may go through the images of one product: counters first, then
/// versions.
public struct ReleaseRank: Hashable, Sendable, Comparable {
    public let counter: Int64
    public let version: Version

    public init(counter: Int64, version: Version) {
        self.counter = counter
        self.version = version
    }

    public static func < (left: ReleaseRank, right: ReleaseRank) -> Bool {
        (left.counter, left.version) < (right.counter, right.version)
    }
}

extension ReleaseRank: CustomStringConvertible {
    public var description: String { "\(version) (release counter \(counter))" }
}
