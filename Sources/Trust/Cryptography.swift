public import Model

/// A public key as metadata may name it.
///
/// Each key type has one signature scheme, so a key says by itself how its signatures are checked.
public enum PublicKey: Hashable, Sendable {
    /// Key type and scheme `ed25519`.
    case ed25519(Ed25519PublicKey)
}

/// Checks signatures; implemented over a cryptographic library.
public protocol SignatureChecker: Sendable {
    /// Whether `signature` is `key`'s signature over `message`; `false` for any malformed input.
    func isValid(_ signature: [UInt8], by key: PublicKey, over message: [UInt8]) -> Bool
}

/// Computes SHA-256; implemented over a cryptographic library.
public protocol Hashing: Sendable {
    func sha256(_ bytes: [UInt8]) -> Digest

    /// Begins a digest over bytes that arrive in pieces; memory does not grow with them.
    func sha256Stream() -> any DigestStream
}

/// A SHA-256 digest in the making; stays on the thread that began it.
public protocol DigestStream {
    mutating func update(_ bytes: [UInt8])

    /// Ends the digest; no other call may follow.
    mutating func finish() -> Digest
}

/// Something that holds, or reaches, one private key.
public protocol Signer: Sendable {
    var publicKey: PublicKey { get }

    /// - Throws: Whatever keeps the private key from being used.
    func sign(_ message: [UInt8]) throws -> [UInt8]
}
