internal import COpenSSL

/// Shows by a shared secret who has written a message (HMAC of RFC 2104).
public enum MessageAuthentication {
    /// The HMAC-SHA256 of `message` under `key`, 32 bytes.
    ///
    /// - Throws: ``OpenSSLError`` only when OpenSSL itself fails.
    public static func hmacSHA256(
        _ message: [UInt8], key: [UInt8]
    ) throws(OpenSSLError) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var count = 0
        let isMade =
            unsafe EVP_Q_mac(
                nil, "HMAC", nil, "SHA256", nil, key, key.count, message, message.count, &code,
                code.count, &count) != nil
        guard isMade, count == code.count else { throw OpenSSLError(draining: "EVP_Q_mac") }
        return code
    }
}
