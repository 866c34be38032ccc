public import Trust

/// A P-256 private key in memory, for signing by ECDSA with SHA-256 (FIPS 186-5).
public struct P256PrivateKey: Signer, Sendable {
    /// The key as PKCS#8 in DER: whoever has it has the key.
    private let pkcs8: [UInt8]
    public let publicKey: PublicKey

    /// - Throws: ``OpenSSLError`` when `handle` holds another kind of key.
    init(_ handle: borrowing KeyHandle) throws(OpenSSLError) {
        guard let key = handle.publicKey(scheme: .ecdsaP256) else {
            throw OpenSSLError(draining: "EVP_PKEY_get_group_name")
        }
        publicKey = key
        pkcs8 = try handle.pkcs8()
    }

    /// - Throws: ``OpenSSLError`` when the system gives no randomness.
    public static func generate() throws(OpenSSLError) -> P256PrivateKey {
        try P256PrivateKey(KeyHandle(generating: "P-256"))
    }

    /// Signs `message`; the signature is DER and differs each time.
    ///
    /// - Throws: ``OpenSSLError``.
    public func sign(_ message: [UInt8]) throws(OpenSSLError) -> [UInt8] {
        let handle = try KeyHandle(pkcs8: pkcs8)
        return try handle.signature(over: message, scheme: .ecdsaP256)
    }

    /// Writes the key as PKCS#8, encrypted with AES-256-CBC when there is a passphrase.
    ///
    /// - Throws: ``OpenSSLError``, also for a passphrase that is empty or too long.
    public func pem(passphrase: [UInt8]?) throws(OpenSSLError) -> [UInt8] {
        try KeyHandle(pkcs8: pkcs8).pem(passphrase: passphrase)
    }
}

/// Says which key it is and keeps the secret out of logs.
extension P256PrivateKey: CustomStringConvertible, CustomReflectable {
    public var description: String { "private half of a P-256 key" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
