internal import COpenSSL
internal import Model
internal import Trust

/// A key of any scheme, private or public, held by OpenSSL.
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

    init(_ key: PublicKey) throws(OpenSSLError) {
        switch key {
        case .ed25519(let key): try self.init(publicKey: key)
        case .ecdsaP256(let info), .rsaPSS(let info): try self.init(subjectPublicKeyInfo: info.der)
        }
    }

    private init(subjectPublicKeyInfo der: [UInt8]) throws(OpenSSLError) {
        let key = unsafe der.withUnsafeBufferPointer { der in
            var next = der.baseAddress
            return unsafe d2i_PUBKEY(nil, &next, der.count)
        }
        guard let key = unsafe key else { throw OpenSSLError(draining: "d2i_PUBKEY") }
        unsafe pointer = key
    }

    init(publicKeyPEM pem: [UInt8]) throws(OpenSSLError) {
        let buffer = try MemoryBuffer()
        try buffer.append(pem)
        self = try buffer.readPublicKey()
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

    borrowing func signature(
        over message: [UInt8], scheme: SignatureScheme
    ) throws(OpenSSLError) -> [UInt8] {
        let context = try SignatureContext()
        return try unsafe context.sign(message, with: pointer, scheme: scheme)
    }

    /// Whether `signature` is this key's signature over `message`; no failure counts as yes.
    borrowing func verifies(
        _ signature: [UInt8], over message: [UInt8], scheme: SignatureScheme
    ) -> Bool {
        guard let context = try? SignatureContext() else { return false }
        return unsafe context.verify(signature, over: message, with: pointer, scheme: scheme)
    }

    /// The key as metadata knows it; `nil` when it is no sound key of `scheme`.
    borrowing func publicKey(scheme: SignatureScheme) -> PublicKey? {
        defer { ERR_clear_error() }
        switch scheme {
        case .ed25519: return isEd25519 ? (try? publicKey()).map { .ed25519($0) } : nil
        case .ecdsaP256:
            return p256Point().map { .ecdsaP256(SubjectPublicKeyInfo(p256Coordinates: $0)) }
        case .rsaPSS:
            guard unsafe EVP_PKEY_get_base_id(pointer) == EVP_PKEY_RSA,
                (2048...8192).contains(unsafe EVP_PKEY_get_bits(pointer))
            else { return nil }
            return encodedInfo().map { .rsaPSS(SubjectPublicKeyInfo(canonical: $0)) }
        }
    }

    /// The two coordinates of a P-256 point, 64 bytes; `nil` for any other key.
    ///
    /// OpenSSL has checked that the point is on the curve, and that it is not at infinity.
    private borrowing func p256Point() -> [UInt8]? {
        guard unsafe EVP_PKEY_get_base_id(pointer) == EVP_PKEY_EC else { return nil }
        var name = [CChar](repeating: 0, count: 64)
        guard unsafe EVP_PKEY_get_group_name(pointer, &name, name.count, nil) == 1,
            name.prefix(while: { $0 != 0 }).elementsEqual("prime256v1".utf8.map { CChar($0) }),
            let x = coordinate("qx"), let y = coordinate("qy")
        else { return nil }
        return x + y
    }

    private borrowing func coordinate(_ parameter: String) -> [UInt8]? {
        var number: OpaquePointer?
        guard unsafe EVP_PKEY_get_bn_param(pointer, parameter, &number) == 1 else { return nil }
        defer { unsafe BN_free(number) }
        var bytes = [UInt8](repeating: 0, count: 32)
        guard unsafe BN_bn2binpad(number, &bytes, 32) == 32 else { return nil }
        return bytes
    }

    private borrowing func encodedInfo() -> [UInt8]? {
        var der: UnsafeMutablePointer<UInt8>?
        let count = unsafe i2d_PUBKEY(pointer, &der)
        guard count > 0, let der = unsafe der else { return nil }
        defer { unsafe CRYPTO_free(der, "", 0) }
        return unsafe Array(UnsafeBufferPointer(start: der, count: Int(count)))
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
        _ message: [UInt8], with key: OpaquePointer, scheme: SignatureScheme
    ) throws(OpenSSLError) -> [UInt8] {
        guard unsafe EVP_DigestSignInit(pointer, nil, scheme.digest, nil, key) == 1 else {
            throw OpenSSLError(draining: "EVP_DigestSignInit")
        }
        var signature = [UInt8](repeating: 0, count: Int(unsafe EVP_PKEY_get_size(key)))
        var count = signature.count
        guard unsafe EVP_DigestSign(pointer, &signature, &count, message, message.count) == 1,
            count <= signature.count
        else { throw OpenSSLError(draining: "EVP_DigestSign") }
        return Array(signature.prefix(count))
    }

    @unsafe borrowing func verify(
        _ signature: [UInt8], over message: [UInt8], with key: OpaquePointer,
        scheme: SignatureScheme
    ) -> Bool {
        defer { ERR_clear_error() }
        // The context that this makes belongs to `pointer`.
        var keyContext: OpaquePointer?
        guard unsafe EVP_DigestVerifyInit(pointer, &keyContext, scheme.digest, nil, key) == 1
        else { return false }
        if scheme == .rsaPSS {
            guard unsafe EVP_PKEY_CTX_set_rsa_padding(keyContext, RSA_PKCS1_PSS_PADDING) == 1,
                unsafe EVP_PKEY_CTX_set_rsa_mgf1_md(keyContext, EVP_sha256()) == 1,
                unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(keyContext, RSA_PSS_SALTLEN_AUTO) == 1
            else { return false }
        }
        // Only 1 is a good signature. 0 is a wrong one; OpenSSL documents negative results as
        // "serious error or malformed signature" without telling them apart, so both fail closed.
        return unsafe EVP_DigestVerify(
            pointer, signature, signature.count, message, message.count) == 1
    }
}

extension SignatureScheme {
    /// The digest that OpenSSL applies; `nil` where the scheme has its own inside.
    fileprivate var digest: OpaquePointer? {
        switch self {
        case .ed25519: nil
        case .ecdsaP256, .rsaPSS: unsafe EVP_sha256()
        }
    }
}
