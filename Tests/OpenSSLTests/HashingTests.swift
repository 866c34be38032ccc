import Model
import OpenSSL
import Testing
import Trust

@Suite struct HashingTests {
    /// FIPS 180-4 examples (NIST, "SHA256.pdf" and the test vectors of RFC 6234 section 8.5).
    static let vectors: [(message: [UInt8], digest: String)] = [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (Array("abc".utf8), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        ([0xbd], "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"),
        (
            Array(repeating: UInt8(ascii: "a"), count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ]

    @Test(arguments: vectors.indices)
    func agreesWithThePublishedDigests(index: Int) {
        let vector = Self.vectors[index]
        #expect(OpenSSLHashing().sha256(vector.message).hex == vector.digest)
    }

    /// FIPS 180-4 examples of SHA-512, from the same places.
    @Test(arguments: [
        (
            "abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            "",
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        ),
    ])
    func agreesWithThePublishedDigestsOfSHA512(message: String, digest: String) {
        let bytes = Array(message.utf8)
        #expect(Hex.encode(OpenSSLHashing().digest(bytes, by: .sha512)) == digest)
        var stream = OpenSSLHashing().stream(.sha512)
        for byte in bytes { stream.update([byte]) }
        #expect(Hex.encode(stream.finish()) == digest)
    }

    @Test(arguments: HashAlgorithm.allCases)
    func givesDigestsOfTheRightLength(algorithm: HashAlgorithm) {
        #expect(OpenSSLHashing().digest([1], by: algorithm).count == algorithm.byteCount)
    }

    @Test(arguments: [1, 7, 63, 64, 65, 1000])
    func givesTheSameDigestInWhateverPiecesTheBytesCome(pieceByteCount: Int) {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 31) }
        var stream = OpenSSLHashing().sha256Stream()
        for start in stride(from: 0, to: bytes.count, by: pieceByteCount) {
            stream.update(Array(bytes[start..<min(start + pieceByteCount, bytes.count)]))
            stream.update([])
        }
        #expect(stream.finish() == OpenSSLHashing().sha256(bytes))
    }

    @Test func digestsNothingInAStream() {
        var stream = OpenSSLHashing().sha256Stream()
        #expect(stream.finish().hex == Self.vectors[0].digest)
    }

    @Test func freesStreamsThatAreAbandoned() throws {
        func residentPages() throws -> Int {
            let fields = try text(ofFile: "/proc/self/statm").split(separator: " ")
            return try #require(Int(fields[1]))
        }
        func abandon(_ count: Int) {
            for _ in 0..<count {
                var stream = OpenSSLHashing().sha256Stream()
                stream.update([1, 2, 3])
            }
        }
        abandon(1000)
        let before = try residentPages()
        abandon(100_000)
        // Contexts that leaked would hold well over 10 000 pages.
        #expect(try residentPages() - before < 4000)
    }

    @Test func endsOnce() async {
        await #expect(processExitsWith: .failure) {
            var stream = OpenSSLHashing().sha256Stream()
            _ = stream.finish()
            _ = stream.finish()
        }
    }

    @Test func takesNoBytesAfterTheEnd() async {
        await #expect(processExitsWith: .failure) {
            var stream = OpenSSLHashing().sha256Stream()
            _ = stream.finish()
            stream.update([1])
        }
    }
}
