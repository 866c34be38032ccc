internal import CPKCS11
internal import Model
public import Trust

/// Signs by a private key that does not leave its token.
///
/// Each signature loads, logs in and ends anew, so the token may be taken out in between, and
/// nothing but the PIN is kept. In one process, one signature is made at a time.
public struct PKCS11Signer: Signer {
    public let uri: PKCS11URI
    public let publicKey: PublicKey
    private let pin: [UInt8]?
    private let hashing: any Hashing

    /// Finds the one key that `uri` matches; blocks until the token answers.
    ///
    /// A wrong PIN counts: after a few, most tokens lock themselves.
    ///
    /// - Parameters:
    ///   - pin: Not needed by a token with a keyboard of its own.
    ///   - hashing: Computes what P-256 signs.
    ///   - checker: Finds out whether a P-256 key is sound.
    /// - Throws: ``PKCS11Error``.
    public init(
        _ uri: PKCS11URI, pin: [UInt8]?, hashing: any Hashing, checker: any SignatureChecker
    ) throws(PKCS11Error) {
        self.uri = uri
        self.pin = pin
        self.hashing = hashing
        publicKey = try PKCS11Session.with(uri, pin: pin) { session throws(PKCS11Error) in
            try session.publicKey(of: session.privateKey(at: uri), at: uri, checker: checker)
        }
    }

    /// Has the token sign `message`; blocks until it does, which may take a user's touch.
    ///
    /// The signature has not been checked. Tokens differ in how long a message they sign by
    /// Ed25519; of one for P-256 they see only the digest.
    ///
    /// - Throws: ``PKCS11Error``.
    public func sign(_ message: [UInt8]) throws(PKCS11Error) -> [UInt8] {
        switch publicKey.scheme {
        case .ed25519: return try signature(over: message, by: CKM_EDDSA)
        case .ecdsaP256:
            let digest = hashing.digest(message, by: .sha256)
            let numbers = try signature(over: digest, by: CKM_ECDSA)
            let signature = ECDSASignature(
                r: Array(numbers.prefix(32)), s: Array(numbers.suffix(32)))
            guard let der = signature.der else {
                preconditionFailure("numbers of 32 bytes fit the curve")
            }
            return der
        case .rsaPSS: preconditionFailure("only keys on elliptic curves are found")
        }
    }

    /// The 64 bytes that both schemes give.
    private func signature(
        over bytes: [UInt8], by mechanism: CK_ULONG
    ) throws(PKCS11Error) -> [UInt8] {
        let signature = try PKCS11Session.with(uri, pin: pin) { session throws(PKCS11Error) in
            try session.signature(
                over: bytes, by: session.privateKey(at: uri), mechanism: mechanism, pin: pin)
        }
        guard signature.count == 64 else {
            throw .unusableKey(uri, reason: "its signature has \(signature.count) bytes, not 64")
        }
        return signature
    }
}

/// Says which key it is and keeps the PIN out of logs.
extension PKCS11Signer: CustomStringConvertible, CustomReflectable {
    public var description: String { uri.description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
