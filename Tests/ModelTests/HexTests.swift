import Model
import Testing

@Suite struct HexTests {
    @Test func writesEveryByteInTwoLowerCaseDigitsAndReadsItBack() {
        let all = (0...255).map { UInt8($0) }
        let text = Hex.encode(all)
        #expect(text.hasPrefix("000102030405060708090a0b0c0d0e0f10"))
        #expect(text.hasSuffix("fdfeff"))
        #expect(Hex.decode(text) == all)
        #expect(Hex.encode([]) == "")
        #expect(Hex.decode("") == [])
    }

    @Test(arguments: ["0", "000", "0g", "A0", "0x00", " 00", "00 ", "0\n", "é", "+1", "００"])
    func refuses(text: String) {
        #expect(Hex.decode(text) == nil)
    }

    static let zeros = String(repeating: "00", count: 32)

    @Test func aDigestIsThirtyTwoBytes() throws {
        #expect(Digest(hex: Self.zeros)?.bytes == Array(repeating: 0, count: 32))
        #expect(Digest(hex: Self.zeros)?.description == Self.zeros)
        for count in [0, 31, 33, 64] {
            #expect(Digest(bytes: Array(repeating: 0, count: count)) == nil)
            #expect(Digest(hex: String(repeating: "00", count: count)) == nil)
        }
        #expect(Digest(hex: String(Self.zeros.dropLast())) == nil)
        #expect(Digest(hex: Self.zeros.dropLast() + "A") == nil)
    }

    @Test func aKeyIDIsTheWrittenFormOfADigest() throws {
        let digest = try #require(Digest(bytes: Array(repeating: 0xab, count: 32)))
        #expect(KeyID(digest).text == digest.hex)
        #expect(KeyID(digest.hex) == KeyID(digest))
        #expect("\(KeyID(digest))" == digest.hex)
        for text in ["", "ab", digest.hex.uppercased(), digest.hex + "00", digest.hex + " "] {
            #expect(KeyID(text) == nil)
        }
    }
}
