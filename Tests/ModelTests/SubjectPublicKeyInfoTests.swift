import Model
import Testing

@Suite struct SubjectPublicKeyInfoTests {
    /// RFC 8410 section 10.1.
    @Test func writesEd25519AsTheStandardDoes() throws {
        let key = try #require(
            Ed25519PublicKey(
                hex: "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"))
        let pem = """
            -----BEGIN PUBLIC KEY-----
            MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
            -----END PUBLIC KEY-----

            """
        #expect(SubjectPublicKeyInfo(ed25519: key).pem == pem)
    }

    /// The generator of P-256 (FIPS 186-4 D.1.2.3), as the `openssl` command writes it.
    @Test func writesP256AsAnUncompressedPoint() throws {
        let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
        let info = SubjectPublicKeyInfo(p256Coordinates: try #require(Hex.decode(x + y)))
        let prefix = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
        #expect(Hex.encode(info.der) == prefix + x + y)
        #expect(
            info.pem == """
                -----BEGIN PUBLIC KEY-----
                MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
                6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
                -----END PUBLIC KEY-----

                """)
    }

    @Test(arguments: [0, 63, 65, 128])
    func hasTwoCoordinates(count: Int) async {
        await #expect(processExitsWith: .failure) { [count] in
            _ = SubjectPublicKeyInfo(p256Coordinates: Array(repeating: 1, count: count))
        }
    }

    @Test func breaksLinesAfter64Characters() {
        let info = SubjectPublicKeyInfo(canonical: Array(repeating: 0, count: 97))
        let lines = info.pem.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.map(\.count) == [26, 64, 64, 4, 24, 0])
        let even = SubjectPublicKeyInfo(canonical: Array(repeating: 0, count: 48))
        #expect(even.pem.split(separator: "\n").map(\.count) == [26, 64, 24])
    }

    @Test func isItsBytes() {
        #expect(SubjectPublicKeyInfo(canonical: [1]) == SubjectPublicKeyInfo(canonical: [1]))
        #expect(SubjectPublicKeyInfo(canonical: [1]) != SubjectPublicKeyInfo(canonical: [1, 2]))
    }
}
