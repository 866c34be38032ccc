internal import COpenSSL
public import Model
public import Trust

/// SHA-256 by OpenSSL.
///
/// Hashing bytes fails only when memory runs out or the installation of OpenSSL lacks SHA-256;
/// neither leaves a way to go on, so both trap.
public struct OpenSSLHashing: Hashing {
    public init() {}

    public func sha256(_ bytes: [UInt8]) -> Digest {
        let context = DigestContext()
        context.update(bytes)
        return context.finish()
    }

    public func sha256Stream() -> any DigestStream { SHA256Stream() }
}

/// Keeps one context for a caller that may copy or abandon the stream.
private final class SHA256Stream: DigestStream {
    private let context = DigestContext()
    private var isFinished = false

    func update(_ bytes: [UInt8]) {
        precondition(!isFinished, "a finished digest takes no more bytes")
        context.update(bytes)
    }

    func finish() -> Digest {
        precondition(!isFinished, "a digest is finished once")
        isFinished = true
        return context.finish()
    }
}

/// The running state of one SHA-256: one `EVP_MD_CTX`.
@safe private struct DigestContext: ~Copyable {
    /// Never null; freed in `deinit` and nowhere else.
    private let pointer: OpaquePointer

    init() {
        guard let pointer = unsafe EVP_MD_CTX_new() else {
            preconditionFailure("no memory for a digest")
        }
        unsafe self.pointer = pointer
        precondition(
            unsafe EVP_DigestInit_ex(pointer, EVP_sha256(), nil) == 1,
            "this OpenSSL must offer SHA-256")
    }

    deinit {
        unsafe EVP_MD_CTX_free(pointer)
    }

    borrowing func update(_ bytes: [UInt8]) {
        precondition(
            unsafe EVP_DigestUpdate(pointer, bytes, bytes.count) == 1, "SHA-256 must take bytes")
    }

    borrowing func finish() -> Digest {
        var bytes = [UInt8](repeating: 0, count: Digest.byteCount)
        guard unsafe EVP_DigestFinal_ex(pointer, &bytes, nil) == 1,
            let digest = Digest(bytes: bytes)
        else { preconditionFailure("SHA-256 must have a result") }
        return digest
    }
}
