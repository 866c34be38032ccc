/// The two numbers of an ECDSA signature by P-256, in the forms that devices give them.
struct ECDSASignature {
    /// Big-endian and not negative; leading zeros do not count.
    let r: [UInt8]
    let s: [UInt8]

    /// Metadata writes it so: a sequence of two integers in DER (RFC 3279 section 2.2.3).
    ///
    /// Returns `nil` when a number has more than the 32 bytes of the curve.
    var der: [UInt8]? {
        guard let r = Self.integer(r), let s = Self.integer(s) else { return nil }
        return [0x30, UInt8(r.count + s.count)] + r + s
    }

    private static func integer(_ number: [UInt8]) -> [UInt8]? {
        var digits = Array(number.drop { $0 == 0 })
        guard digits.count <= 32 else { return nil }
        // A first bit that is set would make it negative, and a number has at least one byte.
        if digits.first ?? 0xff >= 0x80 { digits.insert(0, at: 0) }
        return [0x02, UInt8(digits.count)] + digits
    }
}
