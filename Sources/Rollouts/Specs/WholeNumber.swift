/// The written form of whole numbers: ASCII digits only, so neither signs nor other scripts.
enum WholeNumber {
    /// Returns `nil` unless `text` is 1 to `maximumDigits` digits.
    static func parse(_ text: Substring, maximumDigits: Int) -> Int? {
        let bytes = text.utf8
        guard (1...maximumDigits).contains(bytes.count),
            bytes.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }
}
