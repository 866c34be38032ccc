extension Ed25519PrivateKey {
    /// The longest PEM text that is looked at, in bytes.
    public static let maximumPEMByteCount = 65_536
    /// The longest passphrase, in bytes; OpenSSL has no room for more.
    public static let maximumPassphraseByteCount = 1024

    /// Reads a PKCS#8 private key; never asks a terminal for a passphrase.
    ///
    /// A passphrase that is given for a key that needs none is ignored.
    ///
    /// - Throws: ``PEMError``.
    public init(pem: [UInt8], passphrase: [UInt8]?) throws(PEMError) {
        let key = try KeyHandle(privateKeyPEM: pem, passphrase: passphrase)
        guard key.isEd25519 else { throw .notEd25519 }
        do { try self.init(seed: key.seed()) } catch { throw .library(error) }
    }

    /// Writes the key as PKCS#8, encrypted with AES-256-CBC when there is a passphrase.
    ///
    /// Encrypting takes a few tenths of a second on purpose.
    ///
    /// - Throws: ``OpenSSLError``, also for a passphrase that is empty or too long.
    public func pem(passphrase: [UInt8]?) throws(OpenSSLError) -> [UInt8] {
        try KeyHandle(seed: seed).pem(passphrase: passphrase)
    }
}
