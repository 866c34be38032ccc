internal import Crypto
internal import Model
internal import OpenSSL
internal import Synchronization
internal import Trust

/// A private key that follows from the seed.
///
/// The signatures are real ones. They are made by swift-crypto, which gives the same one for the
/// same message on Linux, and takes a fraction of OpenSSL's time.
struct SimulatedKey: Signer {
    let publicKey: Trust.PublicKey
    let ed25519: Ed25519PublicKey
    private let key: Curve25519.Signing.PrivateKey

    init(_ luck: inout Luck, _ stream: String) {
        let seed = luck.bytes(32, stream)
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed),
            let known = Ed25519PublicKey(bytes: Array(key.publicKey.rawRepresentation))
        else { preconditionFailure("32 bytes are a private key") }
        self.key = key
        ed25519 = known
        publicKey = .ed25519(known)
    }

    func sign(_ message: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: message)) }
}

/// Checks real signatures, and remembers what came of it.
///
/// Every device of a fleet checks the same metadata: the answer is the same each time.
final class RememberingChecker: SignatureChecker {
    private struct Question: Hashable {
        let signature: [UInt8]
        let key: Ed25519PublicKey
        let message: [UInt8]
    }

    private let others = OpenSSLSignatureChecker()
    private let answers = Mutex<[Question: Bool]>([:])
    private static let limit = 2000

    func isValid(_ signature: [UInt8], by key: Trust.PublicKey, over message: [UInt8]) -> Bool {
        guard case .ed25519(let key) = key else {
            return others.isValid(signature, by: key, over: message)
        }
        let question = Question(signature: signature, key: key, message: message)
        if let known = answers.withLock({ $0[question] }) { return known }
        let handle = try? Curve25519.Signing.PublicKey(rawRepresentation: key.bytes)
        let isValid = handle?.isValidSignature(signature, for: message) ?? false
        answers.withLock { answers in
            if answers.count >= Self.limit { answers.removeAll(keepingCapacity: true) }
            answers[question] = isValid
        }
        return isValid
    }

    func publicKey(pem: [UInt8], scheme: SignatureScheme) -> Trust.PublicKey? {
        others.publicKey(pem: pem, scheme: scheme)
    }
}
