/// An expression that picks devices, such as `hardware == "gw-2" and not tag("lab")`.
///
/// A comparison looks at `id`, `hardware`, `release` (its name), `version`, or an attribute.
/// Texts are compared by their UTF-8 bytes. `<`, `<=`, `>` and `>=` compare as versions when both
/// sides are versions, else as whole numbers when both are, and are else false. What a device
/// does not have makes **every** comparison with it false, `!=` and `not in` too; `not has(x)`
/// picks the devices that lack `x`.
public struct Selector: Hashable, Sendable {
    public let text: String
    private let expression: SelectorExpression

    /// The longest selector, in bytes of UTF-8.
    public static let maximumByteCount = 4096
    /// The most parentheses and `not`s around one comparison.
    public static let maximumDepth = 32
    /// The most texts in one list.
    public static let maximumListCount = 1000

    /// - Throws: ``SelectorError`` at the first place where `text` stops being a selector.
    public init(_ text: String) throws(SelectorError) {
        expression = try SelectorParser.expression(of: text)
        self.text = text
    }

    public func matches(_ device: DeviceFacts) -> Bool { expression.matches(device) }
}
