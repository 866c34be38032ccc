internal import Model
internal import Trust

/// A public key as a token holds it (version 2.40 of the mechanisms, section 2.3.3).
struct PKCS11PublicKey {
    /// `CKA_EC_PARAMS`: which curve, in DER.
    let parameters: [UInt8]
    /// `CKA_EC_POINT`: the key itself; tokens do not agree on whether it is in DER.
    let point: [UInt8]

    private static let p256Parameters: [UInt8] = [
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
    ]
    /// By name (version 3.0, section 2.3.5), by RFC 8410, and by GnuPG's older number.
    private static let ed25519Parameters: Set<[UInt8]> = [
        [0x13, 0x0c] + Array("edwards25519".utf8),
        [0x06, 0x03, 0x2b, 0x65, 0x70],
        [0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01],
    ]

    /// Returns `nil` for a curve by which we do not sign, and for a key that is not sound.
    func publicKey(checker: any SignatureChecker) -> PublicKey? {
        if parameters == Self.p256Parameters {
            return rawPoint(byteCount: 65).flatMap { .p256(point: $0, checker: checker) }
        }
        guard Self.ed25519Parameters.contains(parameters) else { return nil }
        return rawPoint(byteCount: 32).flatMap { Ed25519PublicKey(bytes: $0) }.map { .ed25519($0) }
    }

    /// The point without the header of an octet string or, in some tokens, of a bit string.
    private func rawPoint(byteCount: Int) -> [UInt8]? {
        if point.count == byteCount { return point }
        let headers: [[UInt8]] = [[0x04, UInt8(byteCount)], [0x03, UInt8(byteCount + 1), 0x00]]
        for header in headers
        where point.starts(with: header) && point.count == header.count + byteCount {
            return Array(point.dropFirst(header.count))
        }
        return nil
    }
}
