import Model
import Testing

@Suite struct KeyIDTests {
    static let good = String(repeating: "0a", count: 32)

    @Test func isADigestInHexadecimal() throws {
        let keyID = try #require(KeyID(Self.good))
        #expect(keyID.text == Self.good && "\(keyID)" == Self.good)
        #expect(KeyID(try #require(Digest(hex: Self.good))) == keyID)
    }

    @Test(arguments: [
        "", "0a", good.uppercased(), good + "0a", good + "0", String(good.dropLast()), " " + good,
        String(good.dropLast()) + "g",
    ])
    func isNothingElse(text: String) { #expect(KeyID(text) == nil) }

    @Test func isOrdered() throws {
        let one = try #require(KeyID(String(repeating: "0", count: 64)))
        let two = try #require(KeyID(Self.good))
        #expect(one < two && !(two < one) && !(one < one))
    }
}

@Suite struct AttackIndicatorTests {
    /// Servers store these names; changing one loses what devices reported.
    @Test func hasTheseNames() {
        #expect(
            AttackIndicator.allCases.map(\.rawValue) == [
                "arbitrary-installation", "rollback", "mix-and-match", "freeze", "endless-data",
                "malformed", "withholding", "wrong-software",
            ])
    }
}
