public import Model

/// An expression that picks devices, such as `hardware == "gw-2" and not tag("lab")`.
///
/// A comparison looks at `id`, `hardware`, `release` (its name), `version`, or an attribute.
/// Texts are compared by their UTF-8 bytes. `<`, `<=`, `>` and `>=` compare as versions when both
/// sides are versions, else as whole numbers when both are, and are else false. `like` compares
/// the whole text with a pattern, in which `*` is any number of bytes and `?` one Unicode scalar.
/// `version(x)` compares `x` as a version only. What a device does not have, or for `version(x)`
/// has but is no version, makes **every** comparison with it false, `!=`, `not in` and `not like`
/// too; `not has(x)` picks the devices that lack `x`.
///
/// `last_seen()` is how long ago the device was heard of. `hash_percent(10)` picks the tenth of
/// all devices that come first in an order that no rollout shares. `cohort("berlin")` picks what
/// the selector saved under that name picks, `cohort("berlin@3")` that of its third version; both
/// are settled when the selector is read.
public struct Selector: Hashable, Sendable {
    public let text: String
    /// The words for something a device has, and the column of the first mention of each.
    ///
    /// Built-in ones are among them. Columns count Unicode scalars from 1.
    ///
    /// Those of the cohorts that it refers to are not.
    public let columns: [String: Int]
    /// The words for something a device has, those of the cohorts that it refers to among them.
    public let words: Set<String>
    /// The text with the selector of each cohort, in parentheses, in the place of its name.
    ///
    /// It picks the same whatever is saved later; read it as ``CohortSource/expanded``.
    public let expandedText: String
    /// The cohorts that the text names, in the order of their places.
    public let references: [CohortReference]
    /// The versions that came into their places, each once.
    public let cohorts: [CohortVersion]
    let expression: SelectorExpression

    /// The longest selector, in bytes of UTF-8.
    public static let maximumByteCount = 4096
    /// The longest selector with the texts of all its cohorts, in bytes of UTF-8.
    public static let maximumExpandedByteCount = 65_536
    /// The most parentheses and `not`s around one comparison.
    public static let maximumDepth = 32
    /// The most texts in one list.
    public static let maximumListCount = 1000

    /// - Parameter source: What `cohort("…")` stands for.
    /// - Throws: ``SelectorError`` at the first place where `text` stops being a selector.
    public init(
        _ text: String, cohorts source: CohortSource = .refused
    ) throws(SelectorError) {
        let reading = try SelectorParser.read(text, source)
        self.text = text
        expression = reading.expression
        columns = reading.columns
        words = reading.cohorts.words.union(columns.keys)
        expandedText = reading.cohorts.expanding(text)
        references = reading.cohorts.references
        cohorts = reading.cohorts.versions
    }

    /// Whether a device that stays as it is may be picked at one moment and not at another.
    public var dependsOnTime: Bool { expression.dependsOnTime }

    /// Whether the selector picks `device` at the moment and in the order of `context`.
    public func matches(_ device: DeviceFacts, in context: SelectorContext) -> Bool {
        expression.matches(device, in: context)
    }
}
