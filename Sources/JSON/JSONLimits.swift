/// What one document may cost its reader.
public struct JSONLimits: Hashable, Sendable {
    /// The most bytes of a document.
    public let bytes: Int
    /// The most arrays and objects inside each other.
    public let depth: Int
    /// The most values, counting arrays, objects and what is in them.
    public let values: Int

    /// The reader recurses, so no caller may ask for a depth that a small stack cannot hold.
    public static let maximumDepth = 128

    public init(bytes: Int, depth: Int, values: Int) {
        precondition(bytes >= 0 && values >= 0, "a limit must not be negative")
        precondition(
            (0...Self.maximumDepth).contains(depth), "the stack does not hold so deep a document")
        self.bytes = bytes
        self.depth = depth
        self.values = values
    }

    /// Depth 64, and a value for every four bytes.
    ///
    /// A value in memory takes some twenty times what `0,` takes in a file. Documents with names
    /// and digests in them spend far more than four bytes on a value, so the bound costs them
    /// nothing and keeps the memory of a hostile one within a small multiple of its length.
    public static func standard(bytes: Int) -> JSONLimits {
        JSONLimits(bytes: bytes, depth: 64, values: max(1024, bytes / 4))
    }
}
