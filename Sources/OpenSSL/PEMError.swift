/// Why bytes are not a private key that we can use.
public enum PEMError: Error, Hashable, Sendable {
    /// No private key in PEM form.
    case notPEM
    /// The key is encrypted, and no passphrase was given.
    case passphraseNeeded
    /// The passphrase does not open the key, or the encrypted key is damaged.
    case wrongPassphrase
    /// A private key, but of another kind.
    case notEd25519
    /// A private key, but neither Ed25519 nor P-256.
    case unsupported
    case library(OpenSSLError)
}

extension PEMError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notPEM: "this is not a private key in PEM form"
        case .passphraseNeeded: "the private key is encrypted and needs a passphrase"
        case .wrongPassphrase: "the passphrase does not open the private key"
        case .notEd25519: "the private key is not an Ed25519 key"
        case .unsupported: "the private key is neither an Ed25519 nor a P-256 key"
        case .library(let error): error.description
        }
    }
}
