internal import COpenSSL
internal import Model
public import Trust

/// An Ed25519 private key for who signs all the time.
///
/// It is set up once, twice over: each signature is made by two copies of the key in two places of
/// memory and handed out only if both agree, which takes half as long as to check it as a stranger
/// would. A fault in memory or in the processor spoils one of them; only the same fault in both at
/// the same moment could give the private key away.
@safe public final class PreparedEd25519Key: Signer, @unchecked Sendable {
    // OpenSSL lets any number of threads use one key, as long as none changes it.
    private let first: KeyHandle
    private let second: KeyHandle
    private let ed25519PublicKey: Ed25519PublicKey

    /// - Throws: ``OpenSSLError``, also when what was made of the key is not one key pair.
    public init(_ key: Ed25519PrivateKey) throws(OpenSSLError) {
        first = try KeyHandle(seed: key.seed)
        second = try KeyHandle(seed: key.seed)
        ed25519PublicKey = key.ed25519PublicKey
        let message = Array("slipway".utf8)
        guard try first.publicKey() == ed25519PublicKey, try second.publicKey() == ed25519PublicKey,
            try KeyHandle(publicKey: ed25519PublicKey).verifies(
                try sign(message), over: message, scheme: .ed25519)
        else { throw OpenSSLError(draining: "EVP_DigestVerify, of a key that was set up,") }
    }

    public var publicKey: PublicKey { .ed25519(ed25519PublicKey) }

    /// - Throws: ``OpenSSLError``, also when the two signatures differ.
    public func sign(_ message: [UInt8]) throws(OpenSSLError) -> [UInt8] {
        let signature = try first.signature(over: message, scheme: .ed25519)
        guard try second.signature(over: message, scheme: .ed25519) == signature else {
            throw OpenSSLError(draining: "EVP_DigestSign, which gave two signatures,")
        }
        return signature
    }
}
