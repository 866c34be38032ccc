internal import Model
internal import OpenSSL
internal import Synchronization
internal import Trust

/// A private key that follows from the seed.
///
/// What curves promise is taken for granted here: nobody signs without the secret, and everybody can
/// check. So a signature is two digests over the secret and the message, which takes microseconds
/// instead of a tenth of a millisecond. Who must sign what, and how many of them, is decided by the
/// real verifier.
struct SimulatedKey: Signer {
    let publicKey: PublicKey
    let ed25519: Ed25519PublicKey
    private let secret: [UInt8]
    private let ring: KeyRing

    init(_ luck: inout Luck, _ stream: String, _ ring: KeyRing) {
        secret = luck.bytes(32, stream)
        guard let key = Ed25519PublicKey(bytes: ring.publicHalf(of: secret)) else {
            preconditionFailure("32 bytes are a public key")
        }
        self.ring = ring
        ed25519 = key
        publicKey = .ed25519(key)
        ring.add(secret, as: key)
    }

    func sign(_ message: [UInt8]) throws -> [UInt8] { ring.signature(of: message, by: secret) }
}

/// Knows which secret belongs to which public key, as only a simulation can.
final class KeyRing: SignatureChecker {
    private let hashing = OpenSSLHashing()
    private let secrets = Mutex<[Ed25519PublicKey: [UInt8]]>([:])

    fileprivate func publicHalf(of secret: [UInt8]) -> [UInt8] {
        hashing.sha256(Array("public".utf8) + secret).bytes
    }

    fileprivate func add(_ secret: [UInt8], as key: Ed25519PublicKey) {
        secrets.withLock { $0[key] = secret }
    }

    fileprivate func signature(of message: [UInt8], by secret: [UInt8]) -> [UInt8] {
        let inner = hashing.sha256(secret + message).bytes
        return inner + hashing.sha256(secret + inner).bytes
    }

    func isValid(_ signature: [UInt8], by key: PublicKey, over message: [UInt8]) -> Bool {
        guard case .ed25519(let key) = key, let secret = secrets.withLock({ $0[key] }) else {
            return false
        }
        return signature == self.signature(of: message, by: secret)
    }

    func publicKey(pem: [UInt8], scheme: SignatureScheme) -> PublicKey? { nil }
}
