/// One sentence from outside, for a person: bounded, and without control characters.
public enum DetailText {
    /// The longest sentence, in bytes.
    public static let maximumByteCount = 512

    /// Cuts `text` to its limit and replaces control characters by spaces.
    public static func of(_ text: String) -> String {
        var clean = String.UnicodeScalarView()
        var byteCount = 0
        for scalar in text.unicodeScalars {
            byteCount += UTF8.width(scalar)
            guard byteCount <= maximumByteCount else { break }
            clean.append(scalar.properties.generalCategory == .control ? " " : scalar)
        }
        return String(clean)
    }
}
