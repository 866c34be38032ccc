/// A public key as X.509 writes it (RFC 5280 section 4.1.2.7), in its one canonical DER form.
///
/// Whoever makes one has parsed the key and written it anew, so that one key has one value.
public struct SubjectPublicKeyInfo: Hashable, Sendable {
    public let der: [UInt8]

    public init(canonical der: [UInt8]) { self.der = der }

    /// A P-256 key by the 64 bytes of its point's two coordinates, which the caller has found to be
    /// on the curve (RFC 5480 section 2).
    public init(p256Coordinates: [UInt8]) {
        precondition(p256Coordinates.count == 64, "a point has two coordinates of 32 bytes")
        // What precedes the coordinates of an uncompressed point is always the same.
        let prefix: [UInt8] = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
        ]
        der = prefix + p256Coordinates
    }

    /// RFC 8410 section 4.
    public init(ed25519 key: Ed25519PublicKey) {
        der = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00] + key.bytes
    }

    /// The key in PEM form (RFC 7468 section 13), with a final line end.
    public var pem: String {
        let text = Base64.encode(der)
        var lines = ["-----BEGIN PUBLIC KEY-----"]
        var rest = text[...]
        while !rest.isEmpty {
            lines.append(String(rest.prefix(64)))
            rest = rest.dropFirst(64)
        }
        lines.append("-----END PUBLIC KEY-----")
        return lines.joined(separator: "\n") + "\n"
    }
}
