import Model
import Testing

@Suite struct Ed25519PublicKeyTests {
    /// The public key of RFC 8032 section 7.1, test 1.
    static let good = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

    @Test func takesAnOrdinaryKey() throws {
        let key = try #require(Ed25519PublicKey(hex: Self.good))
        #expect(key.hex == Self.good)
        #expect(Ed25519PublicKey(bytes: key.bytes) == key)
    }

    /// The points whose order divides 8, and the encodings of y = p and y = p + 1.
    ///
    /// Under such a key one signature holds for every message.
    static let smallOrder = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]

    @Test(arguments: smallOrder)
    func refusesAPointOfSmallOrderWithEitherSign(hex: String) throws {
        #expect(Ed25519PublicKey(hex: hex) == nil)
        var bytes = try #require(Hex.decode(hex))
        bytes[31] ^= 0x80
        #expect(Ed25519PublicKey(bytes: bytes) == nil)
        bytes[0] ^= 0x10
        #expect(Ed25519PublicKey(bytes: bytes) != nil, "only the point itself is refused")
    }

    @Test(arguments: [0, 31, 33])
    func refusesAnotherLength(count: Int) {
        #expect(Ed25519PublicKey(bytes: Array(repeating: 9, count: count)) == nil)
    }

    @Test func refusesAnotherWriting() {
        #expect(Ed25519PublicKey(hex: Self.good.uppercased()) == nil)
        #expect(Ed25519PublicKey(hex: "0x" + Self.good) == nil)
    }
}
