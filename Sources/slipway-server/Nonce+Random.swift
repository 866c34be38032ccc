internal import Model
internal import OpenSSL

extension Nonce {
    /// A name that nobody can guess and that never comes again: 128 random bits.
    static func random() throws -> Nonce {
        guard let nonce = Nonce(Hex.encode(try SecureRandom.bytes(16))) else {
            preconditionFailure("32 digits are a name")
        }
        return nonce
    }
}
