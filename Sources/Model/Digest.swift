/// A SHA-256 digest: the name of an image, of metadata, of a plan.
public struct Digest: Hashable, Sendable {
    /// Always 32 bytes.
    public let bytes: [UInt8]

    /// The number of bytes in a digest.
    public static let byteCount = 32

    /// Returns `nil` unless there are exactly 32 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// Returns `nil` unless `hex` is exactly 64 lower-case hexadecimal digits.
    public init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { Hex.encode(bytes) }
}

extension Digest: CustomStringConvertible {
    public var description: String { hex }
}
