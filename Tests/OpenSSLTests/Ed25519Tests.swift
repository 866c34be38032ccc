import Model
import OpenSSL
import Testing
import Trust

/// A vector of RFC 8032 section 7.1.
struct Vector: CustomTestStringConvertible, Sendable {
    let name: String
    let seed: String
    let publicKey: String
    let message: String
    let signature: String

    var testDescription: String { name }

    static let all = [
        Vector(
            name: "TEST 1",
            seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            message: "",
            signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        Vector(
            name: "TEST 2",
            seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            message: "72",
            signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        Vector(
            name: "TEST 3",
            seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            message: "af82",
            signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
        Vector(
            name: "TEST SHA(abc)",
            seed: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            publicKey: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            message: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            signature: "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
                + "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
    ]
}

func bytes(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex)) }

@Suite struct Ed25519Tests {
    private let checker = OpenSSLSignatureChecker()

    @Test(arguments: Vector.all)
    func agreesWithThePublishedVectors(vector: Vector) throws {
        let key = try Ed25519PrivateKey(seed: bytes(vector.seed))
        let message = try bytes(vector.message)
        #expect(key.ed25519PublicKey.hex == vector.publicKey)
        #expect(key.publicKey == .ed25519(key.ed25519PublicKey))
        #expect(Hex.encode(try key.sign(message)) == vector.signature)
        let signature = try bytes(vector.signature)
        #expect(checker.isValid(signature, by: key.publicKey, over: message))
    }

    @Test func refusesEverySingleBitFlip() throws {
        let key = try Ed25519PrivateKey(seed: bytes(Vector.all[2].seed))
        let message = try bytes(Vector.all[2].message)
        let signature = try key.sign(message)
        for flipped in flips(of: signature) {
            #expect(!checker.isValid(flipped, by: key.publicKey, over: message))
        }
        for flipped in flips(of: message) {
            #expect(!checker.isValid(signature, by: key.publicKey, over: flipped))
        }
        for flipped in flips(of: key.ed25519PublicKey.bytes) {
            guard let other = Ed25519PublicKey(bytes: flipped) else { continue }
            #expect(!checker.isValid(signature, by: .ed25519(other), over: message))
        }
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

    @Test func refusesSignaturesOfEveryOtherLength() throws {
        let key = try Ed25519PrivateKey(seed: bytes(Vector.all[0].seed))
        let signature = try key.sign([])
        for count in 0..<64 {
            #expect(!checker.isValid(Array(signature.prefix(count)), by: key.publicKey, over: []))
        }
        #expect(!checker.isValid(signature + [0], by: key.publicKey, over: []))
        #expect(!checker.isValid(signature + signature, by: key.publicKey, over: []))
    }

    /// S + L signs the same message in plain arithmetic; RFC 8032 section 5.1.7 forbids it.
    @Test func refusesASignatureMadeLargerByTheOrderOfTheGroup() throws {
        let key = try Ed25519PrivateKey(seed: bytes(Vector.all[1].seed))
        let message = try bytes(Vector.all[1].message)
        let order = try bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var signature = try key.sign(message)
        var carry: UInt16 = 0
        for index in 0..<32 {
            let sum = UInt16(signature[32 + index]) + UInt16(order[index]) + carry
            signature[32 + index] = UInt8(truncatingIfNeeded: sum)
            carry = sum >> 8
        }
        #expect(carry == 0)
        #expect(!checker.isValid(signature, by: key.publicKey, over: message))
    }

    /// Under such a key OpenSSL accepts R = identity, S = 0 for every message.
    @Test(arguments: [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    ])
    func hasNoPublicKeyOfSmallOrder(hex: String) {
        #expect(Ed25519PublicKey(hex: hex) == nil)
    }

    /// Bytes that are no point of the curve at all: y = 2.
    @Test func refusesEverythingUnderAKeyThatIsNoPoint() throws {
        let key = try #require(Ed25519PublicKey(bytes: [2] + Array(repeating: 0, count: 31)))
        let signature = try bytes(Vector.all[0].signature)
        #expect(!checker.isValid(signature, by: .ed25519(key), over: []))
        #expect(
            !checker.isValid(
                [1] + Array(repeating: 0, count: 63), by: .ed25519(key), over: []))
    }

    @Test(arguments: [0, 1, 31, 33, 64])
    func hasNoPrivateKeyOfAnotherLength(count: Int) throws {
        let error = #expect(throws: OpenSSLError.self) {
            try Ed25519PrivateKey(seed: Array(repeating: 7, count: count))
        }
        #expect(error?.function == "EVP_PKEY_new_raw_private_key")
        // The error took the queue with it: the next use of the library is not disturbed.
        _ = try Ed25519PrivateKey(seed: bytes(Vector.all[0].seed)).sign([])
    }

    @Test func generatesKeysThatDiffer() throws {
        let keys = try (0..<32).map { _ in try Ed25519PrivateKey.generate() }
        #expect(Set(keys.map(\.ed25519PublicKey)).count == keys.count)
        let signature = try keys[0].sign([1])
        #expect(checker.isValid(signature, by: keys[0].publicKey, over: [1]))
        #expect(!checker.isValid(signature, by: keys[1].publicKey, over: [1]))
    }

    @Test func neverPrintsASeed() throws {
        let key = try Ed25519PrivateKey(seed: bytes(Vector.all[0].seed))
        var dumped = ""
        dump(key, to: &dumped)
        let printed = "\(key) \(String(reflecting: key)) \(dumped) \([key])"
        #expect(!printed.contains(Vector.all[0].seed))
        // The first byte of the seed, as arrays print it.
        #expect(!printed.contains("157"))
        #expect(printed.contains(Vector.all[0].publicKey))
    }

    @Test func drawsRandomBytesOfEveryLength() throws {
        #expect(try SecureRandom.bytes(0) == [])
        #expect(try SecureRandom.bytes(1000).count == 1000)
        #expect(try SecureRandom.bytes(32) != SecureRandom.bytes(32))
    }

    @Test func namesItsLibrary() { #expect(OpenSSLLibrary.version.hasPrefix("OpenSSL 3.")) }
}
