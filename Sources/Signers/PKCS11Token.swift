internal import CPKCS11
public import Trust

/// A token behind a PKCS #11 module, such as a smart card or a hardware security module.
public enum PKCS11Token {
    /// The most private keys of a token that are looked at.
    private static let maximumKeyCount = 1000

    /// A private key that can sign metadata.
    public struct Key: Hashable, Sendable {
        /// Its full address, with label and id when it has them.
        public let uri: PKCS11URI
        public let publicKey: PublicKey
    }

    /// The private keys that `uri` matches; those that cannot be used are left out.
    ///
    /// Blocks until the token answers.
    ///
    /// - Parameters:
    ///   - pin: Not needed by a token with a keyboard of its own.
    ///   - checker: Finds out which P-256 keys are sound.
    /// - Throws: ``PKCS11Error``.
    public static func keys(
        at uri: PKCS11URI, pin: [UInt8]?, checker: any SignatureChecker
    ) throws(PKCS11Error) -> [Key] {
        try PKCS11Session.with(uri, pin: pin) { session throws(PKCS11Error) in
            var keys: [Key] = []
            for object in try session.privateKeys(at: uri, maximumCount: maximumKeyCount) {
                let own = try session.address(of: object, in: uri)
                do throws(PKCS11Error) {
                    let key = try session.publicKey(of: object, at: own, checker: checker)
                    keys.append(Key(uri: own, publicKey: key))
                } catch .unusableKey {}
            }
            return keys
        }
    }
}

extension PKCS11Session {
    /// The one private key that `uri` matches.
    borrowing func privateKey(at uri: PKCS11URI) throws(PKCS11Error) -> CK_OBJECT_HANDLE {
        let found = try privateKeys(at: uri, maximumCount: 2)
        guard let key = found.first else { throw .noSuchKey(uri) }
        guard found.count == 1 else { throw .severalKeys(uri) }
        return key
    }

    fileprivate borrowing func privateKeys(
        at uri: PKCS11URI, maximumCount: Int
    ) throws(PKCS11Error) -> [CK_OBJECT_HANDLE] {
        var attributes: [PKCS11Attribute] = []
        if let object = uri.object {
            attributes.append(PKCS11Attribute(type: CKA_LABEL, value: Array(object.utf8)))
        }
        if let id = uri.id { attributes.append(PKCS11Attribute(type: CKA_ID, value: id)) }
        return try objects(of: CKO_PRIVATE_KEY, with: attributes, maximumCount: maximumCount)
    }

    /// The address of one key among those that `uri` matches.
    fileprivate borrowing func address(
        of key: CK_OBJECT_HANDLE, in uri: PKCS11URI
    ) throws(PKCS11Error) -> PKCS11URI {
        let label = try value(of: CKA_LABEL, in: key).flatMap {
            String(validating: $0, as: UTF8.self)
        }
        let id = try value(of: CKA_ID, in: key)
        return PKCS11URI(
            modulePath: uri.modulePath, token: uri.token, object: label == "" ? nil : label,
            id: id == [] ? nil : id)
    }

    /// The public half of a private key.
    ///
    /// - Throws: ``PKCS11Error``, and ``PKCS11Error/unusableKey(_:reason:)`` when there is none
    ///   that we know how to use.
    borrowing func publicKey(
        of key: CK_OBJECT_HANDLE, at uri: PKCS11URI, checker: any SignatureChecker
    ) throws(PKCS11Error) -> PublicKey {
        let half = try publicHalf(of: key) ?? key
        guard let parameters = try value(of: CKA_EC_PARAMS, in: half),
            let point = try value(of: CKA_EC_POINT, in: half)
        else {
            throw .unusableKey(
                uri, reason: "the token holds no public half of it on an elliptic curve")
        }
        let written = PKCS11PublicKey(parameters: parameters, point: point)
        guard let publicKey = written.publicKey(checker: checker) else {
            throw .unusableKey(uri, reason: "it is neither a sound Ed25519 nor a sound P-256 key")
        }
        return publicKey
    }

    /// The public key object that goes with a private one; by its id, or by its label without one.
    private borrowing func publicHalf(
        of key: CK_OBJECT_HANDLE
    ) throws(PKCS11Error) -> CK_OBJECT_HANDLE? {
        for type in [CKA_ID, CKA_LABEL] {
            guard let value = try value(of: type, in: key), !value.isEmpty else { continue }
            let found = try objects(
                of: CKO_PUBLIC_KEY, with: [PKCS11Attribute(type: type, value: value)],
                maximumCount: 2)
            // Several would leave open which one it is.
            if found.count == 1 { return found[0] }
            if found.count > 1 { return nil }
        }
        return nil
    }
}
