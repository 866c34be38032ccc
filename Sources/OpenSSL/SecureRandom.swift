internal import COpenSSL

/// Random bytes that nobody can foresee.
public enum SecureRandom {
    /// - Throws: ``OpenSSLError`` when the system gives no randomness.
    public static func bytes(_ count: Int) throws(OpenSSLError) -> [UInt8] {
        precondition((0...Int(Int32.max)).contains(count), "the number of bytes must fit an int")
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe RAND_bytes(&bytes, Int32(count)) == 1 else {
            throw OpenSSLError(draining: "RAND_bytes")
        }
        return bytes
    }
}
