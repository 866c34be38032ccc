/// A text that is equal to no other bytes, though Swift may call the two strings equal.
struct ExactText: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ExactText, right: ExactText) -> Bool {
        let (left, right) = (left.text.utf8Span.span, right.text.utf8Span.span)
        guard left.count == right.count else { return false }
        for index in left.indices where left[index] != right[index] { return false }
        return true
    }

    /// The string's own hash will do: strings of the same bytes are equal, so it is the same.
    func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// Whether one of the parts of `list`, which are separated by commas, is this text.
    func isPart(of list: String) -> Bool {
        var rest = list.utf8[...]
        while let comma = rest.firstIndex(of: UInt8(ascii: ",")) {
            if rest[..<comma].elementsEqual(text.utf8) { return true }
            rest = rest[rest.index(after: comma)...]
        }
        return rest.elementsEqual(text.utf8)
    }
}
