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
/// As ``Ed25519PrivateKey`` does, it checks each signature before handing it out: one that a fault
/// in memory spoiled could give the private key away.
struct QuickSigner: Signer {
    let publicKey: Trust.PublicKey
    private let key: Curve25519.Signing.PrivateKey
    private let checker = QuickSignatureChecker()

    enum Problem: Error, CustomStringConvertible {
        case otherKey
        case spoiled

        var description: String {
            switch self {
            case .otherKey: "two libraries make two public keys of one private key"
            case .spoiled: "a signature was not valid right after it was made"
            }
        }
    }

    init(_ key: Ed25519PrivateKey) throws {
        self.key = try Curve25519.Signing.PrivateKey(rawRepresentation: key.seed)
        publicKey = key.publicKey
        guard Array(self.key.publicKey.rawRepresentation) == key.ed25519PublicKey.bytes else {
            throw Problem.otherKey
        }
    }

    func sign(_ message: [UInt8]) throws -> [UInt8] {
        let signature = Array(try key.signature(for: message))
        guard checker.isValid(signature, by: publicKey, over: message) else {
            throw Problem.spoiled
        }
        return signature
    }
}
