/// How a text from outside is shown inside a message of ours.
enum Quotation {
    /// The most characters shown.
    static let maximumCount = 80

    /// `text` in double quotes, cut to its limit, with control characters as `?`.
    static func of(_ text: String) -> String {
        var shown = String.UnicodeScalarView()
        var rest = text.unicodeScalars.makeIterator()
        while shown.count < maximumCount, let scalar = rest.next() {
            shown.append(scalar.value < 32 || scalar.value == 127 ? "?" : scalar)
        }
        return "\"\(String(shown))\(rest.next() == nil ? "" : "…")\""
    }
}
