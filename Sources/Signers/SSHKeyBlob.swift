internal import Model
internal import Trust

/// A public key as SSH writes it (RFC 8709 section 4, RFC 5656 section 3.1).
enum SSHKeyBlob {
    static let ed25519 = "ssh-ed25519"
    static let ecdsaP256 = "ecdsa-sha2-nistp256"
    private static let curve = "nistp256"
    /// The first byte of a point that is given by both coordinates.
    private static let uncompressed: UInt8 = 0x04

    /// Returns `nil` for a key by which an agent cannot sign metadata.
    static func encode(_ key: PublicKey) -> [UInt8]? {
        switch key {
        case .ed25519(let key):
            SSHWire.string(ed25519) + SSHWire.string(key.bytes)
        case .ecdsaP256(let info):
            SSHWire.string(ecdsaP256) + SSHWire.string(curve)
                + SSHWire.string([uncompressed] + info.der.suffix(64))
        case .rsaPSS: nil
        }
    }

    /// Returns `nil` for a key that is of another type, or not sound.
    static func decode(_ blob: [UInt8], checker: any SignatureChecker) -> PublicKey? {
        var reader = SSHReader(blob)
        guard let type = try? reader.string() else { return nil }
        let key: PublicKey?
        if type.elementsEqual(ed25519.utf8) {
            key = (try? reader.string()).flatMap { Ed25519PublicKey(bytes: $0) }
                .map { .ed25519($0) }
        } else if type.elementsEqual(ecdsaP256.utf8) {
            guard let name = try? reader.string(), name.elementsEqual(curve.utf8),
                let point = try? reader.string()
            else { return nil }
            key = PublicKey.p256(point: point, checker: checker)
        } else {
            key = nil
        }
        return reader.isAtEnd ? key : nil
    }
}

extension PublicKey {
    /// The P-256 key of an uncompressed point of 65 bytes; `nil` when it is not on the curve.
    static func p256(point: [UInt8], checker: any SignatureChecker) -> PublicKey? {
        guard point.count == 65, point[0] == 0x04 else { return nil }
        let info = SubjectPublicKeyInfo(p256Coordinates: Array(point.dropFirst()))
        return checker.publicKey(pem: Array(info.pem.utf8), scheme: .ecdsaP256)
    }
}
