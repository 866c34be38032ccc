internal import COpenSSL

/// A text that OpenSSL reads from or writes to: one memory `BIO`.
@safe struct MemoryBuffer: ~Copyable {
    private let pointer: OpaquePointer

    init() throws(OpenSSLError) {
        guard let pointer = unsafe BIO_new(BIO_s_mem()) else {
            throw OpenSSLError(draining: "BIO_new")
        }
        unsafe self.pointer = pointer
    }

    borrowing func append(_ bytes: [UInt8]) throws(OpenSSLError) {
        guard !bytes.isEmpty else { return }
        guard unsafe BIO_write(pointer, bytes, Int32(bytes.count)) == bytes.count else {
            throw OpenSSLError(draining: "BIO_write")
        }
    }

    deinit {
        unsafe BIO_free_all(pointer)
    }

    /// Everything written so far.
    borrowing func bytes() throws(OpenSSLError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: unsafe BIO_ctrl_pending(pointer))
        guard unsafe BIO_read(pointer, &bytes, Int32(bytes.count)) == bytes.count else {
            throw OpenSSLError(draining: "BIO_read")
        }
        return bytes
    }

    borrowing func readPrivateKey(passphrase: [UInt8]?) throws(PEMError) -> KeyHandle {
        var answer = PassphraseAnswer(passphrase: passphrase)
        let key = unsafe withUnsafeMutablePointer(to: &answer) { answer in
            unsafe PEM_read_bio_PrivateKey(pointer, nil, PassphraseAnswer.callback, answer)
        }
        // OpenSSL tries several readers, and leaves complaints even when one succeeds.
        ERR_clear_error()
        guard let key = unsafe key else {
            guard answer.wasAsked else { throw .notPEM }
            throw passphrase == nil ? .passphraseNeeded : .wrongPassphrase
        }
        return unsafe KeyHandle(owning: key)
    }

    borrowing func readPublicKey() throws(OpenSSLError) -> KeyHandle {
        // Whoever wrote the text may have said that it is encrypted: nobody is asked.
        var answer = PassphraseAnswer(passphrase: nil)
        let key = unsafe withUnsafeMutablePointer(to: &answer) { answer in
            unsafe PEM_read_bio_PUBKEY(pointer, nil, PassphraseAnswer.callback, answer)
        }
        guard let key = unsafe key else { throw OpenSSLError(draining: "PEM_read_bio_PUBKEY") }
        // OpenSSL tries several readers, and leaves complaints even when one succeeds.
        ERR_clear_error()
        return unsafe KeyHandle(owning: key)
    }

    borrowing func write(_ key: borrowing KeyHandle) throws(OpenSSLError) {
        try unsafe key.withPointer { key throws(OpenSSLError) in
            guard
                unsafe PEM_write_bio_PKCS8PrivateKey(pointer, key, nil, nil, 0, nil, nil) == 1
            else { throw OpenSSLError(draining: "PEM_write_bio_PKCS8PrivateKey") }
        }
    }

    @unsafe borrowing func writeDER(_ key: OpaquePointer) throws(OpenSSLError) {
        guard unsafe i2d_PKCS8PrivateKey_bio(pointer, key, nil, nil, 0, nil, nil) == 1 else {
            throw OpenSSLError(draining: "i2d_PKCS8PrivateKey_bio")
        }
    }

    /// Like `PEM_write_bio_PKCS8PrivateKey`, which would apply PBKDF2 only 2048 times.
    borrowing func write(
        _ key: borrowing KeyHandle, passphrase: [UInt8], iterations: Int32
    ) throws(OpenSSLError) {
        let plain = unsafe try key.withPointer { key throws(OpenSSLError) in
            guard let plain = unsafe EVP_PKEY2PKCS8(key) else {
                throw OpenSSLError(draining: "EVP_PKEY2PKCS8")
            }
            return unsafe plain
        }
        defer { unsafe PKCS8_PRIV_KEY_INFO_free(plain) }
        guard
            let scheme = unsafe PKCS5_pbe2_set_iv(
                EVP_aes_256_cbc(), iterations, nil, 0, nil, NID_hmacWithSHA256)
        else { throw OpenSSLError(draining: "PKCS5_pbe2_set_iv") }
        let sealed = unsafe passphrase.withUnsafeBytes { passphrase in
            unsafe PKCS8_set0_pbe(
                passphrase.bindMemory(to: CChar.self).baseAddress, Int32(passphrase.count), plain,
                scheme)
        }
        guard let sealed = unsafe sealed else {
            // Only a success takes over the scheme.
            unsafe X509_ALGOR_free(scheme)
            throw OpenSSLError(draining: "PKCS8_set0_pbe")
        }
        defer { unsafe X509_SIG_free(sealed) }
        guard unsafe PEM_write_bio_PKCS8(pointer, sealed) == 1 else {
            throw OpenSSLError(draining: "PEM_write_bio_PKCS8")
        }
    }
}

/// What OpenSSL finds when it asks for a passphrase, in place of the terminal.
private struct PassphraseAnswer {
    let passphrase: [UInt8]?
    var wasAsked = false

    /// Copies the passphrase into OpenSSL's buffer; -1 when there is none, or no room.
    static let callback:
        @convention(c) (
            UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?
        ) -> Int32 = { buffer, size, _, context in
            guard let buffer = unsafe buffer, let context = unsafe context else { return -1 }
            let answer = unsafe context.assumingMemoryBound(to: PassphraseAnswer.self)
            unsafe answer.pointee.wasAsked = true
            guard let passphrase = unsafe answer.pointee.passphrase, passphrase.count <= size
            else { return -1 }
            for (index, byte) in passphrase.enumerated() {
                unsafe buffer[index] = CChar(bitPattern: byte)
            }
            return Int32(passphrase.count)
        }
}
