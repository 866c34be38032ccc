internal import JSON
public import Model

/// A key as metadata names it, with its name computed rather than believed.
struct KeyObject: Hashable, Sendable {
    let keyID: KeyID
    /// `nil` for a type or scheme that this version does not know; such a key never counts.
    let key: PublicKey?
    /// As it was received: unknown members are part of the name (TUF 1.0.34 section 4.2).
    let json: JSONValue

    /// The longest public key that is read, in bytes: that of an RSA key of 8192 bits, and room.
    private static let maximumPublicByteCount = 4096

    init(_ value: JSONValue, cryptography: CryptographySuite) throws(JSONShapeError) {
        keyID = KeyID(cryptography.hashing.sha256(value.canonicalBytes))
        json = value
        let fields = try JSONFields(value, at: "keys.\(keyID)")
        let keyType = try fields.string("keytype")
        let scheme = SignatureScheme(rawValue: try fields.string("scheme"))
        let values = try fields.object("keyval")
        guard let scheme, scheme.keyTypes.contains(keyType) else {
            // What such a key consists of is for those to say who know it.
            key = nil
            return
        }
        let material = try values.string(
            "public", maximumByteCount: Self.maximumPublicByteCount)
        key = PublicKey(material, scheme: scheme, checker: cryptography.checker)
        if key == nil { throw fields.refused("keyval", scheme.soundKey) }
    }

    init(_ key: PublicKey, hashing: some Hashing) {
        self.key = key
        json = key.json
        keyID = KeyID(hashing.sha256(json.canonicalBytes))
    }
}

extension SignatureScheme {
    /// The key types that go with the scheme; ECDSA has an old name of its own.
    fileprivate var keyTypes: Set<String> {
        switch self {
        case .ed25519: ["ed25519"]
        case .ecdsaP256: ["ecdsa", "ecdsa-sha2-nistp256"]
        case .rsaPSS: ["rsa"]
        }
    }

    fileprivate var soundKey: String {
        switch self {
        case .ed25519: "an Ed25519 public key that is not of small order"
        case .ecdsaP256: "a P-256 public key in PEM form"
        case .rsaPSS: "an RSA public key of 2048 to 8192 bits in PEM form"
        }
    }
}

extension PublicKey {
    /// Reads what metadata has under `public`: hexadecimal digits for Ed25519, else PEM.
    public init?(_ text: String, scheme: SignatureScheme, checker: some SignatureChecker) {
        switch scheme {
        case .ed25519:
            guard let key = Ed25519PublicKey(hex: text) else { return nil }
            self = .ed25519(key)
        case .ecdsaP256, .rsaPSS:
            guard let key = checker.publicKey(pem: Array(text.utf8), scheme: scheme) else {
                return nil
            }
            self = key
        }
    }

    /// What metadata has under `public`.
    public var text: String {
        switch self {
        case .ed25519(let key): key.hex
        case .ecdsaP256(let info), .rsaPSS(let info): info.pem
        }
    }

    /// The key in PEM form (RFC 7468 section 13; RFC 8410 for Ed25519).
    public var pem: String {
        switch self {
        case .ed25519(let key): SubjectPublicKeyInfo(ed25519: key).pem
        case .ecdsaP256(let info), .rsaPSS(let info): info.pem
        }
    }

    /// The key as metadata writes it (TUF 1.0.34 section 4.2).
    var json: JSONValue {
        let keyType =
            switch self {
            case .ed25519: "ed25519"
            case .ecdsaP256: "ecdsa"
            case .rsaPSS: "rsa"
            }
        return [
            "keytype": .string(keyType), "scheme": .string(scheme.rawValue),
            "keyval": ["public": .string(text)],
        ]
    }

    /// The name of the key: the SHA-256 of its canonical form.
    public func keyID(hashing: some Hashing) -> KeyID {
        KeyID(hashing.sha256(json.canonicalBytes))
    }
}
