public import Model

/// A public key as metadata may name it.
///
/// Each key type has one signature scheme, so a key says by itself how its signatures are checked.
/// Two values are equal exactly when the key material is, however it was written down.
public enum PublicKey: Hashable, Sendable {
    /// Key type and scheme `ed25519`.
    case ed25519(Ed25519PublicKey)
    /// Scheme `ecdsa-sha2-nistp256`; signatures are DER.
    case ecdsaP256(SubjectPublicKeyInfo)
    /// Scheme `rsassa-pss-sha256`; at least 2048 bits.
    case rsaPSS(SubjectPublicKeyInfo)

    public var scheme: SignatureScheme {
        switch self {
        case .ed25519: .ed25519
        case .ecdsaP256: .ecdsaP256
        case .rsaPSS: .rsaPSS
        }
    }
}

/// The signature schemes of TUF 1.0.34 section 4.2 that we check.
public enum SignatureScheme: String, Hashable, Sendable, CaseIterable {
    case ed25519
    case ecdsaP256 = "ecdsa-sha2-nistp256"
    case rsaPSS = "rsassa-pss-sha256"
}

/// Reads keys and checks signatures; implemented over a cryptographic library.
public protocol SignatureChecker: Sendable {
    /// Whether `signature` is `key`'s signature over `message`; `false` for any malformed input.
    func isValid(_ signature: [UInt8], by key: PublicKey, over message: [UInt8]) -> Bool

    /// The key that a PEM text of a public key stands for; `nil` when it is no sound key of `scheme`.
    ///
    /// Ed25519 keys must not be of small order, RSA keys have 2048 to 8192 bits.
    func publicKey(pem: [UInt8], scheme: SignatureScheme) -> PublicKey?
}

/// The digests that metadata may name (TUF 1.0.34 section 4.4).
public enum HashAlgorithm: String, Hashable, Sendable, CaseIterable {
    case sha256
    case sha512

    /// The length of a digest, in bytes.
    public var byteCount: Int {
        switch self {
        case .sha256: 32
        case .sha512: 64
        }
    }
}

/// Computes digests; implemented over a cryptographic library.
public protocol Hashing: Sendable {
    func digest(_ bytes: [UInt8], by algorithm: HashAlgorithm) -> [UInt8]

    /// Begins a digest over bytes that arrive in pieces; memory does not grow with them.
    func stream(_ algorithm: HashAlgorithm) -> any DigestStream
}

/// A digest in the making; stays on the thread that began it.
public protocol DigestStream {
    mutating func update(_ bytes: [UInt8])

    /// Ends the digest; no other call may follow.
    mutating func finish() -> [UInt8]
}

extension Hashing {
    public func sha256(_ bytes: [UInt8]) -> Digest { Digest(sha256: digest(bytes, by: .sha256)) }

    /// Begins a SHA-256 over bytes that arrive in pieces.
    public func sha256Stream() -> SHA256Stream { SHA256Stream(stream(.sha256)) }
}

/// A SHA-256 in the making; stays on the thread that began it.
public struct SHA256Stream {
    private var stream: any DigestStream

    init(_ stream: any DigestStream) { self.stream = stream }

    public mutating func update(_ bytes: [UInt8]) { stream.update(bytes) }

    /// Ends the digest; no other call may follow.
    public mutating func finish() -> Digest { Digest(sha256: stream.finish()) }
}

extension Digest {
    fileprivate init(sha256 bytes: [UInt8]) {
        guard let digest = Digest(bytes: bytes) else {
            preconditionFailure("a SHA-256 has 32 bytes")
        }
        self = digest
    }
}

/// Something that holds, or reaches, one private key.
///
/// What it returns is checked against ``publicKey`` before anybody uses it, so a device or program
/// that signs wrongly can do no harm.
public protocol Signer: Sendable {
    var publicKey: PublicKey { get }

    /// - Throws: Whatever keeps the private key from being used.
    func sign(_ message: [UInt8]) throws -> [UInt8]
}
