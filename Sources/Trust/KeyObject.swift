internal import JSON
public import Model

/// A key as it stands in root metadata, with its name computed rather than believed.
struct KeyObject {
    let keyID: KeyID
    /// `nil` for a type or scheme that this version does not know.
    let key: PublicKey?

    init(_ value: JSONValue, hashing: some Hashing) throws(JSONShapeError) {
        // Unknown members are part of the name (TUF 4.2): hash what was received.
        keyID = KeyID(hashing.sha256(value.canonicalBytes))
        let fields = try JSONFields(value, at: "keys.\(keyID)")
        let keyType = try fields.string("keytype")
        let scheme = try fields.string("scheme")
        let values = try fields.object("keyval")
        guard keyType == "ed25519", scheme == "ed25519" else {
            // What such a key consists of is for those to say who know it.
            key = nil
            return
        }
        let material = try values.string("public")
        guard let ed25519 = Ed25519PublicKey(hex: material) else {
            throw fields.refused("keyval", "an Ed25519 public key that is not of small order")
        }
        key = .ed25519(ed25519)
    }
}

extension PublicKey {
    /// The key as metadata writes it (TUF 4.2).
    var json: JSONValue {
        switch self {
        case .ed25519(let key):
            [
                "keytype": "ed25519", "scheme": "ed25519",
                "keyval": ["public": .string(key.hex)],
            ]
        }
    }

    /// The name of the key: the SHA-256 of its canonical form.
    public func keyID(hashing: some Hashing) -> KeyID {
        KeyID(hashing.sha256(json.canonicalBytes))
    }
}
