public import Trust

/// Private keys in PEM files, of every kind that we sign with.
public enum PEMPrivateKey {
    /// Reads a PKCS#8 private key, Ed25519 or P-256; never asks a terminal for a passphrase.
    ///
    /// - Throws: ``PEMError``.
    public static func read(
        _ pem: [UInt8], passphrase: [UInt8]?
    ) throws(PEMError) -> any Signer {
        let key = try KeyHandle(privateKeyPEM: pem, passphrase: passphrase)
        let isP256 = key.publicKey(scheme: .ecdsaP256) != nil
        guard key.isEd25519 || isP256 else { throw .unsupported }
        do throws(OpenSSLError) {
            return isP256 ? try P256PrivateKey(key) : try Ed25519PrivateKey(seed: key.seed())
        } catch { throw .library(error) }
    }
}
