/// Why a token gave no signature or no keys.
public enum PKCS11Error: Error, Hashable, Sendable {
    /// The library cannot be loaded, or does not speak PKCS #11.
    case badModule(path: String, reason: String)
    /// No token in any slot has this label.
    case noSuchToken(String)
    case severalTokens(String)
    /// The token has no such private key.
    case noSuchKey(PKCS11URI)
    /// The token has several such private keys.
    case severalKeys(PKCS11URI)
    /// The private key is there, but cannot sign metadata.
    case unusableKey(PKCS11URI, reason: String)
    case pinNeeded(token: String)
    /// A function of the module failed with this code.
    case failed(function: String, code: UInt)
}

extension PKCS11Error: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badModule(let path, let reason):
            "\(path) is not a PKCS #11 module that can be used: \(reason)"
        case .noSuchToken(let label):
            "no token with the label \"\(label)\" is present"
        case .severalTokens(let label):
            "several tokens with the label \"\(label)\" are present"
        case .noSuchKey(let uri):
            "the token has no private key \(uri)"
        case .severalKeys(let uri):
            "the token has several private keys \(uri)"
        case .unusableKey(let uri, let reason):
            "the private key \(uri) cannot be used: \(reason)"
        case .pinNeeded(let token):
            "the token \"\(token)\" needs a PIN"
        case .failed(let function, let code):
            "the token's \(function) answered \(PKCS11ReturnValue.name(of: code))"
        }
    }
}
