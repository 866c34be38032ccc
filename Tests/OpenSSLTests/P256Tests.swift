import Model
import OpenSSL
import Testing
import Trust

/// Private keys that are not Ed25519, and those in PEM files of either kind.
@Suite struct P256Tests {
    private let checker = OpenSSLSignatureChecker()

    @Test func signsWhatItsPublicKeyChecks() throws {
        let key = try P256PrivateKey.generate()
        let signature = try key.sign([1, 2, 3])
        #expect(checker.isValid(signature, by: key.publicKey, over: [1, 2, 3]))
        #expect(!checker.isValid(signature, by: key.publicKey, over: [1, 2, 4]))
        #expect(
            !checker.isValid(
                signature, by: try P256PrivateKey.generate().publicKey, over: [1, 2, 3]))
        #expect(key.publicKey.scheme == .ecdsaP256)
        #expect(checker.isValid(try key.sign([]), by: key.publicKey, over: []))
    }

    @Test func generatesKeysThatDiffer() throws {
        let keys = try (0..<8).map { _ in try P256PrivateKey.generate().publicKey }
        #expect(Set(keys).count == 8)
    }

    @Test(arguments: [nil, "secret"])
    func comesBackFromItsPEM(passphrase: String?) throws {
        let key = try P256PrivateKey.generate()
        let passphrase = passphrase.map { Array($0.utf8) }
        let pem = try key.pem(passphrase: passphrase)
        let again = try PEMPrivateKey.read(pem, passphrase: passphrase)
        #expect(again.publicKey == key.publicKey)
        #expect(checker.isValid(try again.sign([7]), by: key.publicKey, over: [7]))
        #expect(throws: PEMError.notEd25519) {
            try Ed25519PrivateKey(pem: pem, passphrase: passphrase)
        }
    }

    @Test func wantsItsPassphrase() throws {
        let pem = try P256PrivateKey.generate().pem(passphrase: Array("secret".utf8))
        #expect(throws: PEMError.passphraseNeeded) {
            try PEMPrivateKey.read(pem, passphrase: nil)
        }
        #expect(throws: PEMError.wrongPassphrase) {
            try PEMPrivateKey.read(pem, passphrase: Array("Secret".utf8))
        }
        #expect(throws: OpenSSLError.self) { try P256PrivateKey.generate().pem(passphrase: []) }
    }

    @Test func readsWhatTheCommandMade() throws {
        let key = try PEMPrivateKey.read(Array(Fixture.p256Private.utf8), passphrase: nil)
        #expect(key.publicKey.pem == Fixture.p256)
        #expect(key is P256PrivateKey)
    }

    @Test func readsEd25519AsWell() throws {
        let key = try Ed25519PrivateKey(seed: Array(repeating: 3, count: 32))
        let again = try PEMPrivateKey.read(key.pem(passphrase: nil), passphrase: nil)
        #expect(again.publicKey == key.publicKey)
        #expect(again is Ed25519PrivateKey)
    }

    @Test(arguments: ["", Fixture.p256, "-----BEGIN PRIVATE KEY-----\n"])
    func readsNoPrivateKeyElsewhere(text: String) {
        #expect(throws: PEMError.notPEM) {
            try PEMPrivateKey.read(Array(text.utf8), passphrase: nil)
        }
    }

    @Test func neverPrintsASecret() throws {
        let key = try P256PrivateKey.generate()
        var dumped = ""
        dump(key, to: &dumped)
        #expect("\(key)" == "private half of a P-256 key")
        #expect(!dumped.contains("pkcs8"))
    }
}
