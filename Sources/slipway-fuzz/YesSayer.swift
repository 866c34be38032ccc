internal import OpenSSL
internal import Trust

/// Finds every signature good, so that what stands behind a signature is reached.
struct YesSayer: SignatureChecker {
    func isValid(_ signature: [UInt8], by key: PublicKey, over message: [UInt8]) -> Bool { true }

    func publicKey(pem: [UInt8], scheme: SignatureScheme) -> PublicKey? {
        OpenSSLSignatureChecker().publicKey(pem: pem, scheme: scheme)
    }
}

/// Signs with nothing.
struct EmptySigner: Signer {
    let publicKey: PublicKey

    func sign(_ message: [UInt8]) -> [UInt8] { [0] }
}
