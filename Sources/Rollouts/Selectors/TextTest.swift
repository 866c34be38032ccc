/// What a comparison asks of a text.
enum TextTest: Hashable, Sendable {
    case equals(ExactText)
    case isOneOf(Set<ExactText>)
    case isLike(TextPattern)
    case stands(SelectorOrder, OrderedValue)

    func holds(for text: String) -> Bool {
        switch self {
        case .equals(let other): other == ExactText(text)
        case .isOneOf(let texts): texts.contains(ExactText(text))
        case .isLike(let pattern): pattern.matches(text)
        case .stands(let order, let value): value.holds(order, from: text)
        }
    }
}
