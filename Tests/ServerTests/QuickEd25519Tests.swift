import Model
import OpenSSL
import Testing
import Trust

@testable import slipway_server

/// The server's own signatures and checks are those of OpenSSL, only quicker.
@Suite struct QuickEd25519Tests {
    private let quick = QuickSignatureChecker()
    private let slow = OpenSSLSignatureChecker()

    private func key() throws -> Ed25519PrivateKey {
        try Ed25519PrivateKey(seed: Array(repeating: 7, count: 32))
    }

    @Test func signsWhatOpenSSLSigns() throws {
        let key = try key()
        let quick = try QuickSigner(key)
        #expect(quick.publicKey == key.publicKey)
        for length in [0, 1, 300, 5000] {
            let message = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            #expect(try quick.sign(message) == key.sign(message))
        }
    }

    @Test func handsOutNoSignatureWhenACopyOfTheKeyIsSpoiled() throws {
        var seed = Array(repeating: UInt8(7), count: 32)
        seed[31] ^= 1
        let signer = try QuickSigner(key(), copy: Ed25519PrivateKey(seed: seed))
        #expect(throws: QuickSigner.Problem.spoiled) { try signer.sign([1]) }
    }

    /// RFC 8032 section 7.1, TEST 2.
    @Test func agreesWithAPublishedVector() throws {
        let seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
        let signature =
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        let key = try Ed25519PrivateKey(seed: #require(Hex.decode(seed)))
        #expect(Hex.encode(try QuickSigner(key).sign([0x72])) == signature)
        let bytes = try #require(Hex.decode(signature))
        #expect(quick.isValid(bytes, by: key.publicKey, over: [0x72]))
    }

    @Test func refusesEverySingleBitFlip() throws {
        let key = try key()
        let message = Array("check-in".utf8)
        let signature = try key.sign(message)
        #expect(quick.isValid(signature, by: key.publicKey, over: message))
        for flipped in flips(of: signature) {
            #expect(!quick.isValid(flipped, by: key.publicKey, over: message))
        }
        for flipped in flips(of: message) {
            #expect(!quick.isValid(signature, by: key.publicKey, over: flipped))
        }
        for flipped in flips(of: key.ed25519PublicKey.bytes) {
            guard let other = Ed25519PublicKey(bytes: flipped) else { continue }
            #expect(!quick.isValid(signature, by: .ed25519(other), over: message))
        }
    }

    @Test func refusesSignaturesOfEveryOtherLength() throws {
        let key = try key()
        let signature = try key.sign([])
        for count in 0..<64 {
            #expect(!quick.isValid(Array(signature.prefix(count)), by: key.publicKey, over: []))
        }
        #expect(!quick.isValid(signature + [0], by: key.publicKey, over: []))
    }

    /// S + L signs the same message in plain arithmetic; RFC 8032 section 5.1.7 forbids it.
    @Test func refusesASignatureMadeLargerByTheOrderOfTheGroup() throws {
        let key = try key()
        let order = try #require(
            Hex.decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"))
        var signature = try key.sign([1])
        var carry: UInt16 = 0
        for index in 0..<32 {
            let sum = UInt16(signature[32 + index]) + UInt16(order[index]) + carry
            signature[32 + index] = UInt8(truncatingIfNeeded: sum)
            carry = sum >> 8
        }
        #expect(!slow.isValid(signature, by: key.publicKey, over: [1]))
        #expect(!quick.isValid(signature, by: key.publicKey, over: [1]))
    }

    /// Both libraries say the same of keys that are no point of the curve.
    @Test func agreesAboutKeysThatAreNone() throws {
        let signature = try key().sign([1])
        for last in UInt8(0)...255 {
            let bytes = Array(repeating: last, count: 31) + [last & 0x7f]
            guard let other = Ed25519PublicKey(bytes: bytes) else { continue }
            #expect(
                quick.isValid(signature, by: .ed25519(other), over: [1])
                    == slow.isValid(signature, by: .ed25519(other), over: [1]))
        }
    }

    @Test func leavesOtherSchemesToOpenSSL() throws {
        let key = try P256PrivateKey.generate()
        let message = Array("metadata".utf8)
        let signature = try key.sign(message)
        #expect(quick.isValid(signature, by: key.publicKey, over: message))
        #expect(!quick.isValid(signature, by: key.publicKey, over: message + [0]))
    }

    private func flips(of bytes: [UInt8]) -> [[UInt8]] {
        bytes.indices.flatMap { index in
            (0..<8).map { bit in
                var flipped = bytes
                flipped[index] ^= 1 << UInt8(bit)
                return flipped
            }
        }
    }
}
