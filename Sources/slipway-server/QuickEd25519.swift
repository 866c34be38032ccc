internal import Crypto
internal import Model
internal import OpenSSL
internal import Trust

/// Checks Ed25519 signatures by swift-crypto, which takes less than half as long as OpenSSL 3.0.
///
/// A server does nothing more often. All other schemes, and keys in PEM, are left to OpenSSL.
struct QuickSignatureChecker: SignatureChecker {
    private let others = OpenSSLSignatureChecker()

    func isValid(_ signature: [UInt8], by key: Trust.PublicKey, over message: [UInt8]) -> Bool {
        switch key {
        case .ed25519(let key):
            guard
                let handle = try? Curve25519.Signing.PublicKey(rawRepresentation: key.bytes)
            else { return false }
            return handle.isValidSignature(signature, for: message)
        case .ecdsaP256, .rsaPSS: return others.isValid(signature, by: key, over: message)
        }
    }

    func publicKey(pem: [UInt8], scheme: SignatureScheme) -> Trust.PublicKey? {
        others.publicKey(pem: pem, scheme: scheme)
    }
}

/// The private key that signs every answer to a device, set up once.
///
/// Two signatures of one message, one of them spoiled by a fault in memory or in the processor, give
/// the private key away. So each is made twice, from two copies of the key, and must come to the
/// same: that finds such a fault as surely as ``Ed25519PrivateKey`` does by checking the signature,
/// and takes a fifth of the time.
struct QuickSigner: Signer {
    let publicKey: Trust.PublicKey
    private let key: Curve25519.Signing.PrivateKey
    private let copy: Curve25519.Signing.PrivateKey

    enum Problem: Error, CustomStringConvertible {
        case otherKey
        case spoiled

        var description: String {
            switch self {
            case .otherKey: "two libraries make two public keys of one private key"
            case .spoiled: "two signatures of the same message differ"
            }
        }
    }

    init(_ key: Ed25519PrivateKey) throws {
        try self.init(key, copy: key)
    }

    /// - Parameter copy: Another key, for tests of what happens when one is spoiled.
    init(_ key: Ed25519PrivateKey, copy: Ed25519PrivateKey) throws {
        self.key = try Curve25519.Signing.PrivateKey(rawRepresentation: key.seed)
        self.copy = try Curve25519.Signing.PrivateKey(rawRepresentation: copy.seed)
        publicKey = key.publicKey
        guard Array(self.key.publicKey.rawRepresentation) == key.ed25519PublicKey.bytes else {
            throw Problem.otherKey
        }
    }

    func sign(_ message: [UInt8]) throws -> [UInt8] {
        let signature = try key.signature(for: message)
        guard try copy.signature(for: message) == signature else { throw Problem.spoiled }
        return Array(signature)
    }
}
