internal import JSON
public import Model
public import OpenSSL
internal import TestSupport
public import Trust
public import Wire

public typealias PrivateKey = Ed25519PrivateKey

/// The private key with the seed that repeats `number`.
public func key(_ number: UInt8) throws -> PrivateKey {
    try PrivateKey(seed: Array(repeating: number, count: 32))
}

extension PrivateKey {
    public var keyID: KeyID { publicKey.keyID(hashing: hashing) }
}

/// Seconds after the epoch, as tests count time.
public func at(_ seconds: Int64) -> Instant { Instant(secondsSinceEpoch: seconds) }

/// When every world begins.
public let beginning = at(1_000_000)
/// When metadata ends, unless a test says otherwise.
public let later = at(2_000_000)

public let hashing = OpenSSLHashing()
public let cryptography = CryptographySuite(checker: OpenSSLSignatureChecker(), hashing: hashing)

public func slot(_ text: String) throws -> SlotName { must(SlotName(text)) }

public func model(_ text: String) throws -> HardwareModel { must(HardwareModel(text)) }

public func version(_ text: String) throws -> Version { must(Version(text)) }

public func release(_ text: String) throws -> ReleaseID { must(ReleaseID(text)) }

public func nonce(_ text: String) throws -> Nonce { must(Nonce(text)) }

public func device(_ text: String) throws -> DeviceID { must(DeviceID(text)) }

public func offer(
    _ firmware: Firmware, nonce text: String = "n1", device id: String = "device-1",
    release: ReleaseID? = nil, image: ImageReference? = nil, expires: Instant = at(1_003_600)
) throws -> Offer {
    Offer(
        device: try device(id), nonce: try nonce(text),
        rollout: must(RolloutName("rollout-1")), wave: 0,
        release: release ?? firmware.signed.release, image: image ?? firmware.signed.image,
        expires: expires)
}

public func sign<Content: WireMessage>(
    _ content: Content, by key: PrivateKey
) throws -> SignedMessage<Content> {
    try SignedMessage(signing: content, keyID: key.keyID) { try key.sign($0) }
}
