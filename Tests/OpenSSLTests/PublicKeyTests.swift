import Model
import OpenSSL
import Testing
import Trust

/// Which public keys are read, and which signatures they check.
@Suite struct PublicKeyTests {
    private let checker = OpenSSLSignatureChecker()
    private let message = Array(Fixture.message.utf8)

    private func read(_ pem: String, as scheme: SignatureScheme) -> PublicKey? {
        checker.publicKey(pem: Array(pem.utf8), scheme: scheme)
    }

    // MARK: - Reading

    @Test(
        arguments: [
            (Fixture.rsa2048, .rsaPSS), (Fixture.rsa8192, .rsaPSS), (Fixture.p256, .ecdsaP256),
            (Fixture.ed25519, .ed25519),
        ] as [(String, SignatureScheme)])
    func comesBackAsItWasWritten(pem: String, scheme: SignatureScheme) throws {
        let key = try #require(read(pem, as: scheme))
        #expect(key.pem == pem)
        #expect(key.scheme == scheme)
        #expect(read(key.pem, as: scheme) == key)
        #expect(PublicKey(key.text, scheme: scheme, checker: checker) == key)
    }

    static let all: [String: String] = [
        "rsa2048": Fixture.rsa2048, "rsa2047": Fixture.rsa2047, "rsa1024": Fixture.rsa1024,
        "rsaOnlyPSS": Fixture.rsaOnlyPSS, "rsa8192": Fixture.rsa8192, "rsa8193": Fixture.rsa8193,
        "p256": Fixture.p256, "p256Compressed": Fixture.p256Compressed,
        "p256Hybrid": Fixture.p256Hybrid, "p256Explicit": Fixture.p256Explicit,
        "p256Private": Fixture.p256Private, "p384": Fixture.p384,
        "secp256k1": Fixture.secp256k1, "ed448": Fixture.ed448, "ed25519": Fixture.ed25519,
    ]

    static let sound: [SignatureScheme: Set<String>] = [
        .rsaPSS: ["rsa2048", "rsa8192"],
        .ecdsaP256: ["p256", "p256Compressed", "p256Hybrid", "p256Explicit"],
        .ed25519: ["ed25519"],
    ]

    /// Wrong lengths, curves and kinds, each under each scheme.
    @Test(arguments: SignatureScheme.allCases, all.keys.sorted())
    func readsOnlySoundKeysOfTheScheme(scheme: SignatureScheme, name: String) throws {
        let key = read(try #require(Self.all[name]), as: scheme)
        #expect((key != nil) == Self.sound[scheme]?.contains(name))
    }

    /// However a point is encoded, its key is one key, or it could sign twice.
    @Test func knowsAPointInEveryEncoding() throws {
        let key = try #require(read(Fixture.p256, as: .ecdsaP256))
        for other in [Fixture.p256Compressed, Fixture.p256Hybrid, Fixture.p256Explicit] {
            #expect(read(other, as: .ecdsaP256) == key)
        }
    }

    @Test func knowsAKeyInEveryWritingOfPEM() throws {
        let key = try #require(read(Fixture.rsa2048, as: .rsaPSS))
        for other in [
            Fixture.rsa2048.replacing("\n", with: "\r\n"), "some words\n" + Fixture.rsa2048,
            Fixture.rsa2048 + "more words\n", String(Fixture.rsa2048.dropLast()),
            Fixture.rsa2048 + Fixture.p256, Fixture.rsa2048 + "\n\n",
        ] {
            #expect(read(other, as: .rsaPSS) == key)
        }
    }

    static let junk = [
        "", "\n", "-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\n????\n-----END PUBLIC KEY-----\n",
        Fixture.rsa2048.replacing("PUBLIC", with: "PRIVATE"),
        Fixture.rsa2048.replacing("PUBLIC KEY", with: "CERTIFICATE"),
        Fixture.rsa2048.replacing("-----END PUBLIC KEY-----", with: ""),
        Fixture.rsa2048.replacing("MIIBIjAN", with: "MIIBIjAO"),
        String(repeating: "-----BEGIN PUBLIC KEY-----\n", count: 2000),
        // Nobody encrypts a public key, and nobody is asked for a passphrase.
        Fixture.ed25519.replacing("-----\nMC", with: "-----\n\(encrypted)\n\nMC"),
        // A P-256 point that is not on the curve, and the one at infinity.
        Fixture.p256.replacing("5cdWkRw==", with: "5cdWkSA=="),
        "-----BEGIN PUBLIC KEY-----\nMBkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDAgAA\n"
            + "-----END PUBLIC KEY-----\n",
    ]

    static let encrypted =
        "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF"

    @Test(arguments: SignatureScheme.allCases, junk)
    func isNotMadeOfAnythingElse(scheme: SignatureScheme, text: String) {
        #expect(read(text, as: scheme) == nil)
    }

    @Test func isNotMadeOfATextThatIsTooLong() throws {
        let padding = Ed25519PrivateKey.maximumPEMByteCount - Fixture.p256.utf8.count
        let longest = Fixture.p256 + String(repeating: "\n", count: padding)
        #expect(read(longest, as: .ecdsaP256) != nil)
        #expect(read(longest + "\n", as: .ecdsaP256) == nil)
    }

    /// RFC 8410 keys of small order, which need no private half.
    @Test func isNotMadeOfAPointOfSmallOrder() throws {
        for first in [0, 1] as [UInt8] {
            let der =
                try bytes("302a300506032b6570032100") + [first] + Array(repeating: 0, count: 31)
            #expect(read(SubjectPublicKeyInfo(canonical: der).pem, as: .ed25519) == nil)
        }
    }

    @Test func neverTrapsWhereverItIsCutOrChanged() throws {
        let whole = Array(Fixture.p256.utf8)
        for index in whole.indices {
            var changed = whole
            changed[index] ^= 1
            for pem in [changed, Array(whole.prefix(index))] {
                for scheme in SignatureScheme.allCases {
                    _ = checker.publicKey(pem: pem, scheme: scheme)
                }
            }
        }
        #expect(read(Fixture.p256, as: .ecdsaP256) != nil)
    }

    // MARK: - Checking

    @Test(arguments: [Fixture.pss32, Fixture.pss0, Fixture.pssMaximum])
    func takesPSSOfEverySaltLength(signature: String) throws {
        let key = try #require(read(Fixture.rsa2048, as: .rsaPSS))
        #expect(checker.isValid(try bytes(signature), by: key, over: message))
        #expect(!checker.isValid(try bytes(signature), by: key, over: message + [0x20]))
    }

    @Test(arguments: [Fixture.pkcs1, Fixture.pssSHA512, Fixture.pssMGF1SHA1, Fixture.ecdsa, ""])
    func refusesOtherSignaturesByRSA(signature: String) throws {
        let key = try #require(read(Fixture.rsa2048, as: .rsaPSS))
        #expect(!checker.isValid(try bytes(signature), by: key, over: message))
    }

    @Test func takesECDSA() throws {
        let key = try #require(read(Fixture.p256, as: .ecdsaP256))
        #expect(checker.isValid(try bytes(Fixture.ecdsa), by: key, over: message))
        #expect(!checker.isValid(try bytes(Fixture.ecdsa), by: key, over: message + [0x20]))
        let compressed = try #require(read(Fixture.p256Compressed, as: .ecdsaP256))
        #expect(checker.isValid(try bytes(Fixture.ecdsa), by: compressed, over: message))
    }

    @Test(arguments: [
        Fixture.ecdsaSHA384, Fixture.pss32, "",
        // Two zeros, two ones, and no sequence at all.
        "3006020100020100", "3006020101020101", String(repeating: "00", count: 64),
    ])
    func refusesOtherSignaturesByECDSA(signature: String) throws {
        let key = try #require(read(Fixture.p256, as: .ecdsaP256))
        #expect(!checker.isValid(try bytes(signature), by: key, over: message))
    }

    @Test func refusesEverySingleBitThatIsChanged() throws {
        for (pem, scheme, hex) in [
            (Fixture.rsa2048, SignatureScheme.rsaPSS, Fixture.pss32),
            (Fixture.p256, .ecdsaP256, Fixture.ecdsa),
        ] {
            let key = try #require(read(pem, as: scheme))
            let signature = try bytes(hex)
            for bit in 0..<(8 * signature.count) {
                var changed = signature
                changed[bit / 8] ^= 1 << (bit % 8)
                #expect(!checker.isValid(changed, by: key, over: message), "bit \(bit)")
            }
            for longer in [signature + [0], [0] + signature, Array(signature.dropLast())] {
                #expect(!checker.isValid(longer, by: key, over: message))
            }
        }
    }

    /// Whoever makes a value by hand gets no signature past the checker.
    @Test func refusesEverythingUnderAKeyThatIsNone() throws {
        for der in [[], [0x30], try bytes("302a300506032b6570032100")] {
            let info = SubjectPublicKeyInfo(canonical: der)
            for key in [PublicKey.ecdsaP256(info), .rsaPSS(info)] {
                #expect(!checker.isValid(try bytes(Fixture.pss32), by: key, over: message))
            }
        }
    }

    /// Every failure takes OpenSSL's complaints with it: the next use is not disturbed.
    @Test func leavesNoComplaintsBehind() throws {
        for text in Self.junk + Self.all.values {
            for scheme in SignatureScheme.allCases { _ = read(text, as: scheme) }
        }
        #expect(throws: OpenSSLError.self) { try Ed25519PrivateKey(seed: []) }
        let error = #expect(throws: OpenSSLError.self) { try Ed25519PrivateKey(seed: []) }
        #expect((error?.reasons.count ?? 0) <= 1)
        _ = try Ed25519PrivateKey(seed: Array(repeating: 1, count: 32)).sign([])
    }
}
