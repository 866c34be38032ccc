/// Why a text is not a ``PKCS11URI``; a name is that of an attribute.
public enum PKCS11URIError: Error, Hashable, Sendable {
    case notPKCS11
    case malformed(String)
    case unknown(String)
    case repeated(String)
    case missing(String)
    case pinInside
}

extension PKCS11URIError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notPKCS11:
            "this is not a URI that begins with \"pkcs11:\""
        case .malformed(let name):
            "the PKCS #11 URI has a malformed value of \"\(name)\""
        case .unknown(let name):
            "the PKCS #11 URI has the attribute \"\(name)\", which is not supported"
        case .repeated(let name):
            "the PKCS #11 URI has the attribute \"\(name)\" twice"
        case .missing(let name):
            "the PKCS #11 URI lacks the attribute \"\(name)\""
        case .pinInside:
            "a PIN in a PKCS #11 URI would end up in logs, process lists and the shell's history: "
                + "give it separately"
        }
    }
}
