public import Trust

/// Checks signatures by OpenSSL.
public struct OpenSSLSignatureChecker: SignatureChecker {
    public init() {}

    public func isValid(
        _ signature: [UInt8], by key: PublicKey, over message: [UInt8]
    ) -> Bool {
        switch key {
        case .ed25519(let key):
            // A library that fails has not seen a good signature: the answer is no.
            guard let handle = try? KeyHandle(publicKey: key) else { return false }
            return handle.verifies(signature, over: message)
        }
    }
}
