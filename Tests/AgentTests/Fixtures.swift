import Agent
import JSON
import Model
import OpenSSL
import Testing
import Trust
import Wire

typealias PrivateKey = Ed25519PrivateKey

/// The private key with the seed that repeats `number`.
func key(_ number: UInt8) throws -> PrivateKey {
    try PrivateKey(seed: Array(repeating: number, count: 32))
}

extension PrivateKey {
    var keyID: KeyID { publicKey.keyID(hashing: hashing) }
}

/// Seconds after the epoch, as tests count time.
func at(_ seconds: Int64) -> Instant { Instant(secondsSinceEpoch: seconds) }

/// When every world begins.
let beginning = at(1_000_000)
/// When metadata ends, unless a test says otherwise.
let later = at(2_000_000)

let hashing = OpenSSLHashing()
let cryptography = CryptographySuite(checker: OpenSSLSignatureChecker(), hashing: hashing)

func slot(_ text: String) throws -> SlotName { try #require(SlotName(text)) }

func model(_ text: String) throws -> HardwareModel { try #require(HardwareModel(text)) }

func version(_ text: String) throws -> Version { try #require(Version(text)) }

func release(_ text: String) throws -> ReleaseID { try #require(ReleaseID(text)) }

func nonce(_ text: String) throws -> Nonce { try #require(Nonce(text)) }

func device(_ text: String) throws -> DeviceID { try #require(DeviceID(text)) }

/// Firmware with its bytes, and what becomes of a machine that boots it.
struct Firmware {
    let signed: SignedImage
    let bytes: [UInt8]
    var conduct = Conduct.healthy

    enum Conduct { case healthy, unhealthy, neverBoots }

    var digest: Digest { signed.image.sha256 }

    /// 50,000 bytes that depend on `release` and `seed`, and are no multiple of any step.
    init(
        _ text: String, hardware: [String] = ["gw-2"], from: [String] = [],
        counter: Int64 = 1, conduct: Conduct = .healthy, seed: UInt64 = 0
    ) throws {
        let release = try release(text)
        var state = text.utf8.reduce(seed) { $0 &* 31 &+ UInt64($1) }
        // A pattern whose length is a prime, so that no two pieces of a transfer are alike.
        let pattern = (0..<251).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        var bytes: [UInt8] = []
        for _ in 0..<200 { bytes.append(contentsOf: pattern) }
        self.bytes = Array(bytes[..<50_001])
        let path = try #require(TargetPath("\(release.name)/\(release.version)-\(seed).raw"))
        let image = try #require(
            ImageReference(
                path: path, sha256: hashing.sha256(self.bytes), length: Int64(self.bytes.count)))
        signed = try SignedImage(
            image, release: release, hardware: Set(hardware.map(model)),
            from: Set(from.map(version)), counter: counter)
        self.conduct = conduct
    }
}

func offer(
    _ firmware: Firmware, nonce text: String = "n1", device id: String = "device-1",
    release: ReleaseID? = nil, image: ImageReference? = nil, expires: Instant = at(1_003_600)
) throws -> Offer {
    Offer(
        device: try device(id), nonce: try nonce(text),
        rollout: try #require(RolloutName("rollout-1")), wave: 0,
        release: release ?? firmware.signed.release, image: image ?? firmware.signed.image,
        expires: expires)
}

func sign<Content: WireMessage>(
    _ content: Content, by key: PrivateKey
) throws -> SignedMessage<Content> {
    try SignedMessage(signing: content, keyID: key.keyID) { try key.sign($0) }
}
