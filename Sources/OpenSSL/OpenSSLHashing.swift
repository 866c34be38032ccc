internal import COpenSSL
public import Trust

/// SHA-256 and SHA-512 by OpenSSL.
///
/// Hashing bytes fails only when memory runs out or the installation of OpenSSL lacks the
/// algorithm; neither leaves a way to go on, so both trap.
public struct OpenSSLHashing: Hashing {
    public init() {}

    public func digest(_ bytes: [UInt8], by algorithm: HashAlgorithm) -> [UInt8] {
        let context = DigestContext(algorithm)
        context.update(bytes)
        return context.finish()
    }

    public func stream(_ algorithm: HashAlgorithm) -> any DigestStream {
        OpenSSLDigestStream(algorithm)
    }
}

/// Keeps one context for a caller that may copy or abandon the stream.
private final class OpenSSLDigestStream: DigestStream {
    private let context: DigestContext
    private var isFinished = false

    init(_ algorithm: HashAlgorithm) { context = DigestContext(algorithm) }

    func update(_ bytes: [UInt8]) {
        precondition(!isFinished, "a finished digest takes no more bytes")
        context.update(bytes)
    }

    func finish() -> [UInt8] {
        precondition(!isFinished, "a digest is finished once")
        isFinished = true
        return context.finish()
    }
}

/// An algorithm, looked up once: for each digest anew it takes longer than hashing a short text.
///
/// It is never freed, and OpenSSL lets any number of threads read it.
@safe private struct DigestMethod: @unchecked Sendable {
    let pointer: OpaquePointer

    static let sha256 = DigestMethod("SHA256")
    static let sha512 = DigestMethod("SHA512")

    private init(_ name: String) {
        guard let pointer = unsafe EVP_MD_fetch(nil, name, nil) else {
            preconditionFailure("this OpenSSL must offer SHA-256 and SHA-512")
        }
        unsafe self.pointer = pointer
    }
}

/// The running state of one digest: one `EVP_MD_CTX`.
@safe struct DigestContext: ~Copyable {
    /// Never null; freed in `deinit` and nowhere else.
    private let pointer: OpaquePointer
    private let algorithm: HashAlgorithm

    init(_ algorithm: HashAlgorithm) {
        guard let pointer = unsafe EVP_MD_CTX_new() else {
            preconditionFailure("no memory for a digest")
        }
        unsafe self.pointer = pointer
        self.algorithm = algorithm
        let method: DigestMethod =
            switch algorithm {
            case .sha256: .sha256
            case .sha512: .sha512
            }
        precondition(
            unsafe EVP_DigestInit_ex(pointer, method.pointer, nil) == 1,
            "a digest must begin")
    }

    deinit {
        unsafe EVP_MD_CTX_free(pointer)
    }

    borrowing func update(_ bytes: [UInt8]) { update(bytes[...]) }

    borrowing func update(_ bytes: ArraySlice<UInt8>) {
        let isTaken = unsafe bytes.withUnsafeBytes { bytes in
            unsafe EVP_DigestUpdate(pointer, bytes.baseAddress, bytes.count) == 1
        }
        precondition(isTaken, "a digest must take bytes")
    }

    borrowing func finish() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: algorithm.byteCount)
        guard unsafe EVP_DigestFinal_ex(pointer, &bytes, nil) == 1 else {
            preconditionFailure("a digest must have a result")
        }
        return bytes
    }
}
