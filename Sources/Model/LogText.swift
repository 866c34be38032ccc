/// The end of a log from outside, for a person: bounded, and without control characters but for
/// line ends.
public enum LogText {
    /// The longest text, in bytes.
    public static let maximumByteCount = 4096

    /// Keeps the end of `text`, beginning with a whole line where one fits; `nil` for nothing.
    public static func of(_ text: String) -> String? {
        var clean: [Unicode.Scalar] = []
        var byteCount = 0
        for scalar in text.unicodeScalars.reversed() {
            byteCount += UTF8.width(scalar)
            guard byteCount <= maximumByteCount else {
                if let end = clean.lastIndex(of: "\n"), end > 0 {
                    clean.removeSubrange(end...)
                }
                break
            }
            let isControl = scalar.properties.generalCategory == .control && scalar != "\n"
            clean.append(isControl ? " " : scalar)
        }
        guard clean.contains(where: { $0 != "\n" && $0 != " " }) else { return nil }
        return String(String.UnicodeScalarView(clean.reversed()))
    }
}
