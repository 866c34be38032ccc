internal import COpenSSL
internal import Model

/// An Ed25519 key, private or public, held by OpenSSL.
///
/// The value owns one `EVP_PKEY` and frees it when its life ends. It cannot be copied, so it is
/// freed once, and it is not `Sendable`, so it stays on the thread that made it: pass the bytes.
@safe struct KeyHandle: ~Copyable {
    /// Never null; freed in `deinit` and nowhere else.
    private let pointer: OpaquePointer

    init(publicKey: Ed25519PublicKey) throws(OpenSSLError) {
        let bytes = publicKey.bytes
        guard
            let pointer = unsafe EVP_PKEY_new_raw_public_key(
                EVP_PKEY_ED25519, nil, bytes, bytes.count)
        else { throw OpenSSLError(draining: "EVP_PKEY_new_raw_public_key") }
        unsafe self.pointer = pointer
    }

    /// - Throws: ``OpenSSLError``, also when there are not 32 bytes.
    init(seed: [UInt8]) throws(OpenSSLError) {
        guard
            let pointer = unsafe EVP_PKEY_new_raw_private_key(
                EVP_PKEY_ED25519, nil, seed, seed.count)
        else { throw OpenSSLError(draining: "EVP_PKEY_new_raw_private_key") }
        unsafe self.pointer = pointer
    }

    /// Takes over the ownership of `pointer`, which may hold a key of any kind.
    @unsafe init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit {
        unsafe EVP_PKEY_free(pointer)
    }

    var isEd25519: Bool { unsafe EVP_PKEY_get_base_id(pointer) == EVP_PKEY_ED25519 }

    borrowing func seed() throws(OpenSSLError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        guard unsafe EVP_PKEY_get_raw_private_key(pointer, &bytes, &count) == 1, count == 32 else {
            throw OpenSSLError(draining: "EVP_PKEY_get_raw_private_key")
        }
        return bytes
    }

    borrowing func publicKey() throws(OpenSSLError) -> Ed25519PublicKey {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        guard unsafe EVP_PKEY_get_raw_public_key(pointer, &bytes, &count) == 1, count == 32,
            let key = Ed25519PublicKey(bytes: bytes)
        else { throw OpenSSLError(draining: "EVP_PKEY_get_raw_public_key") }
        return key
    }

    borrowing func signature(over message: [UInt8]) throws(OpenSSLError) -> [UInt8] {
        let context = try SignatureContext()
        return try unsafe context.sign(message, with: pointer)
    }

    /// Whether `signature` is this key's signature over `message`; no failure counts as yes.
    borrowing func verifies(_ signature: [UInt8], over message: [UInt8]) -> Bool {
        guard let context = try? SignatureContext() else { return false }
        return unsafe context.verify(signature, over: message, with: pointer)
    }

    /// Calls `body` with the `EVP_PKEY`, which must not outlive the call.
    @unsafe borrowing func withPointer<Result: ~Copyable>(
        _ body: (OpaquePointer) throws(OpenSSLError) -> Result
    ) throws(OpenSSLError) -> Result {
        try unsafe body(pointer)
    }
}

/// The scratch memory of one signature or verification: one `EVP_MD_CTX`.
@safe private struct SignatureContext: ~Copyable {
    private let pointer: OpaquePointer

    init() throws(OpenSSLError) {
        guard let pointer = unsafe EVP_MD_CTX_new() else {
            throw OpenSSLError(draining: "EVP_MD_CTX_new")
        }
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe EVP_MD_CTX_free(pointer)
    }

    @unsafe borrowing func sign(
        _ message: [UInt8], with key: OpaquePointer
    ) throws(OpenSSLError) -> [UInt8] {
        guard unsafe EVP_DigestSignInit(pointer, nil, nil, nil, key) == 1 else {
            throw OpenSSLError(draining: "EVP_DigestSignInit")
        }
        var signature = [UInt8](repeating: 0, count: 64)
        var count = signature.count
        guard unsafe EVP_DigestSign(pointer, &signature, &count, message, message.count) == 1,
            count == signature.count
        else { throw OpenSSLError(draining: "EVP_DigestSign") }
        return signature
    }

    @unsafe borrowing func verify(
        _ signature: [UInt8], over message: [UInt8], with key: OpaquePointer
    ) -> Bool {
        defer { ERR_clear_error() }
        guard unsafe EVP_DigestVerifyInit(pointer, nil, nil, nil, key) == 1 else { return false }
        // Only 1 is a good signature. 0 is a wrong one; OpenSSL documents negative results as
        // "serious error or malformed signature" without telling them apart, so both fail closed.
        return unsafe EVP_DigestVerify(
            pointer, signature, signature.count, message, message.count) == 1
    }
}
