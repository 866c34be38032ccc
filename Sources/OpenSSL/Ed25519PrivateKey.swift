public import Model
public import Trust

/// An Ed25519 private key in memory.
///
/// It holds the 32 bytes that RFC 8032 section 5.1.5 calls the private key, so it may cross
/// threads; what OpenSSL makes of them lives for one signature.
public struct Ed25519PrivateKey: Signer, Sendable {
    /// The 32 bytes that are the key: whoever has them has it.
    public let seed: [UInt8]
    public let ed25519PublicKey: Ed25519PublicKey

    /// - Throws: ``OpenSSLError``, also when `seed` is not 32 bytes long.
    public init(seed: [UInt8]) throws(OpenSSLError) {
        ed25519PublicKey = try KeyHandle(seed: seed).publicKey()
        self.seed = seed
    }

    /// - Throws: ``OpenSSLError`` when the system gives no randomness.
    public static func generate() throws(OpenSSLError) -> Ed25519PrivateKey {
        try Ed25519PrivateKey(seed: SecureRandom.bytes(32))
    }

    public var publicKey: PublicKey { .ed25519(ed25519PublicKey) }

    /// Signs `message` and checks the signature before handing it out.
    ///
    /// A signature that a fault in memory spoiled could give the private key away.
    ///
    /// - Throws: ``OpenSSLError``.
    public func sign(_ message: [UInt8]) throws(OpenSSLError) -> [UInt8] {
        let signature = try KeyHandle(seed: seed).signature(over: message, scheme: .ed25519)
        guard
            try KeyHandle(publicKey: ed25519PublicKey).verifies(
                signature, over: message, scheme: .ed25519)
        else {
            throw OpenSSLError(draining: "EVP_DigestVerify, right after EVP_DigestSign,")
        }
        return signature
    }
}

/// Says which key it is and keeps the secret out of logs.
extension Ed25519PrivateKey: CustomStringConvertible, CustomReflectable {
    public var description: String { "private half of \(ed25519PublicKey.hex)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
