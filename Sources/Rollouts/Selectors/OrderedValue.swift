internal import Model

/// A text of a selector seen as something with an order.
struct OrderedValue: Hashable, Sendable {
    private let version: Version?
    private let number: Int64?

    init(_ text: String) {
        version = Version(text)
        number = Self.decimal(text)
    }

    /// Whether both are versions, else both numbers, and `text` stands to this as asked.
    ///
    /// `text` is read as nothing that this is not.
    func holds(_ order: SelectorOrder, from text: String) -> Bool {
        if let version, let other = Version(text) { return order.holds(other, version) }
        if let number, let other = Self.decimal(text) { return order.holds(other, number) }
        return false
    }

    /// Digits, perhaps after a minus.
    private static func decimal(_ text: String) -> Int64? {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int64(text)
    }
}
