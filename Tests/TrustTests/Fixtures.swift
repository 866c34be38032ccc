import JSON
import Model
import OpenSSL
import Testing
import Trust

typealias PrivateKey = Ed25519PrivateKey

/// The private key with the seed that repeats `number`.
func key(_ number: UInt8) throws -> PrivateKey {
    try PrivateKey(seed: Array(repeating: number, count: 32))
}

/// Seconds after the epoch, as tests count time.
func at(_ seconds: Int64) -> Instant { Instant(secondsSinceEpoch: seconds) }

/// When devices refresh, unless a test says otherwise.
let now = at(1000)
/// When metadata ends, unless a test says otherwise.
let later = at(2000)

let hashing = OpenSSLHashing()
let cryptography = CryptographySuite(checker: OpenSSLSignatureChecker(), hashing: hashing)

extension Limits {
    /// Small, so that tests can go beyond them, and no two alike.
    static let tests = Limits(
        messageBytes: 1000, requestBytes: 1000, rootBytes: 16_000, timestampBytes: 4000,
        snapshotBytes: 5000, targetsBytes: 12_000, rootRotations: 4, delegations: 5, signatures: 8,
        imageBytes: 1 << 30)
}

func model(_ text: String) throws -> HardwareModel { try #require(HardwareModel(text)) }

func version(_ text: String) throws -> Version { try #require(Version(text)) }

func release(_ text: String) throws -> ReleaseID { try #require(ReleaseID(text)) }

func digest(_ byte: UInt8) throws -> Digest {
    try #require(Digest(bytes: Array(repeating: byte, count: 32)))
}

func image(
    _ path: String = "acme/2.4.1.raw", digest byte: UInt8 = 1,
    release text: String = "acme-gateway 2.4.1", hardware: [String] = ["gw-2"],
    from: [String] = [], counter: Int64 = 1
) throws -> SignedImage {
    let reference = try ImageReference(
        path: #require(TargetPath(path)), sha256: digest(byte), length: 4096)
    return try SignedImage(
        #require(reference), release: release(text), hardware: Set(hardware.map(model)),
        from: Set(from.map(version)), counter: counter)
}

extension PrivateKey {
    var keyID: KeyID { publicKey.keyID(hashing: hashing) }
}
