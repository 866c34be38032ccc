public import Trust

/// Reads keys and checks signatures by OpenSSL.
public struct OpenSSLSignatureChecker: SignatureChecker {
    public init() {}

    public func isValid(
        _ signature: [UInt8], by key: PublicKey, over message: [UInt8]
    ) -> Bool {
        // A library that fails has not seen a good signature: the answer is no.
        guard let handle = try? KeyHandle(key) else { return false }
        return handle.verifies(signature, over: message, scheme: key.scheme)
    }

    public func publicKey(pem: [UInt8], scheme: SignatureScheme) -> PublicKey? {
        guard pem.count <= Ed25519PrivateKey.maximumPEMByteCount,
            let handle = try? KeyHandle(publicKeyPEM: pem)
        else { return nil }
        return handle.publicKey(scheme: scheme)
    }
}
