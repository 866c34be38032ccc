internal import COpenSSL

extension KeyHandle {
    /// How often PBKDF2 is applied to a passphrase before it encrypts a key (OWASP, 2023).
    private static let passphraseIterations: Int32 = 600_000

    /// - Throws: ``PEMError``.
    init(privateKeyPEM pem: [UInt8], passphrase: [UInt8]?) throws(PEMError) {
        guard pem.count <= Ed25519PrivateKey.maximumPEMByteCount else { throw .notPEM }
        self = try Self.read(pem, passphrase: passphrase)
    }

    private static func read(
        _ pem: [UInt8], passphrase: [UInt8]?
    ) throws(PEMError) -> KeyHandle {
        do {
            let buffer = try MemoryBuffer()
            try buffer.append(pem)
            return try buffer.readPrivateKey(passphrase: passphrase)
        } catch let error as PEMError { throw error } catch let error as OpenSSLError {
            throw .library(error)
        } catch { preconditionFailure("no other error is thrown above") }
    }

    /// Makes a new key on the named elliptic curve.
    init(generating curve: String) throws(OpenSSLError) {
        guard let key = unsafe slipway_generate_ec_key(curve) else {
            throw OpenSSLError(draining: "EVP_PKEY_Q_keygen")
        }
        unsafe self.init(owning: key)
    }

    /// Reads what ``pkcs8()`` wrote.
    init(pkcs8 der: [UInt8]) throws(OpenSSLError) {
        let key = unsafe der.withUnsafeBufferPointer { der in
            var next = der.baseAddress
            return unsafe d2i_AutoPrivateKey(nil, &next, der.count)
        }
        guard let key = unsafe key else { throw OpenSSLError(draining: "d2i_AutoPrivateKey") }
        unsafe self.init(owning: key)
    }

    /// The private key as PKCS#8 in DER, not encrypted.
    borrowing func pkcs8() throws(OpenSSLError) -> [UInt8] {
        let buffer = try MemoryBuffer()
        try unsafe withPointer { key throws(OpenSSLError) in
            try unsafe buffer.writeDER(key)
        }
        return try buffer.bytes()
    }

    /// The private key as PKCS#8, encrypted with AES-256-CBC when there is a passphrase.
    borrowing func pem(passphrase: [UInt8]?) throws(OpenSSLError) -> [UInt8] {
        let buffer = try MemoryBuffer()
        if let passphrase {
            guard
                (1...Ed25519PrivateKey.maximumPassphraseByteCount).contains(passphrase.count)
            else { throw OpenSSLError(draining: "a passphrase of \(passphrase.count) bytes") }
            try buffer.write(
                self, passphrase: passphrase, iterations: Self.passphraseIterations)
        } else {
            try buffer.write(self)
        }
        return try buffer.bytes()
    }
}
