internal import COpenSSL

/// The libcrypto that this process has loaded.
public enum OpenSSLLibrary {
    /// Such as `OpenSSL 3.0.19 27 Jan 2026`; it changes with the system's updates, so log it.
    public static var version: String {
        guard let text = unsafe OpenSSL_version(OPENSSL_VERSION) else { return "OpenSSL" }
        return unsafe String(cString: text)
    }
}
