/// The 32 bytes of an Ed25519 public key (RFC 8032 section 5.1.5).
public struct Ed25519PublicKey: Hashable, Sendable {
    public let bytes: [UInt8]

    /// Returns `nil` unless there are 32 bytes that are not a point of small order.
    ///
    /// OpenSSL accepts one fixed signature for every message under such a key, so nobody has to
    /// hold a private half to sign.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        var withoutSign = bytes
        withoutSign[31] &= 0x7f
        guard !Self.smallOrder.contains(withoutSign) else { return nil }
        self.bytes = bytes
    }

    /// Returns `nil` unless `hex` is 64 lower-case digits of an acceptable key.
    public init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    public var hex: String { Hex.encode(bytes) }

    /// The encodings of the eight points of small order, canonical and not, with a cleared sign bit.
    private static let smallOrder = Set(
        [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ].compactMap { Hex.decode($0) })
}
