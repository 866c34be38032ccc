public import Model

/// A place in the fleet's stable order.
///
/// It is the first 8 bytes, big endian, of SHA-256(salt ‖ device id), so a device keeps its place
/// however the fleet around it changes. Each rollout has a salt of its own; a fixed one serves
/// ``SelectorContext/place``.
public struct Bucket: Hashable, Sendable {
    public let value: UInt64

    /// - Parameter digest: SHA-256(salt ‖ device id).
    public init(_ digest: Digest) {
        value = digest.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension Bucket: Comparable {
    public static func < (left: Bucket, right: Bucket) -> Bool { left.value < right.value }
}
