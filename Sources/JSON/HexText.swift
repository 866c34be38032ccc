/// Lower-case hexadecimal, as in `Model`, which this module may not import.
enum HexText {
    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }

    /// Returns `nil` for an odd number of digits, an upper-case digit, or anything else.
    static func decode(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes = [UInt8](repeating: 0, count: digits.count / 2)
        let digits = digits.span
        var isValid = true
        for index in bytes.indices {
            let (high, low) = (value(of: digits[2 * index]), value(of: digits[2 * index + 1]))
            isValid = isValid && high < 16 && low < 16
            bytes[index] = high << 4 | low & 15
        }
        return isValid ? bytes : nil
    }

    /// 16 or more for what is no lower-case digit.
    private static func value(of digit: UInt8) -> UInt8 {
        let letter = digit &- UInt8(ascii: "a")
        return letter < 6 ? letter + 10 : digit &- UInt8(ascii: "0") < 10 ? digit & 15 : 16
    }
}
