/// Lower-case hexadecimal digits of whole numbers.
enum HexDigits {
    /// 16 digits, the highest first.
    static func of(_ number: UInt64) -> String {
        let digits = (0..<16).map { place in
            let digit = UInt8(truncatingIfNeeded: number >> (60 - 4 * UInt64(place))) & 0xf
            return digit < 10 ? 0x30 + digit : 0x57 + digit
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// `nil` unless the text is 16 lower-case digits.
    static func number(_ text: Substring) -> UInt64? {
        guard text.utf8.count == 16,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return UInt64(text, radix: 16)
    }
}
