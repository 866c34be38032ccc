/// One word, text, number or symbol of a selector, and where it starts.
struct SelectorToken: Hashable {
    let kind: Kind
    /// Counts Unicode scalars from 1.
    let column: Int
    /// Where it stands in the text's UTF-8.
    let bytes: Range<Int>

    enum Kind: Hashable {
        case word(String)
        /// What stands between double quotes, escapes resolved.
        case text(String)
        /// What starts with a digit, such as `2.5%`; whether it is a number is another question.
        case number(String)
        case symbol(Symbol)
        case end
    }

    enum Symbol: String, Hashable, CaseIterable {
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case less = "<"
        case greater = ">"
        case open = "("
        case close = ")"
        case openList = "["
        case closeList = "]"
        case comma = ","
    }

    /// How the token is called in an error.
    var name: String {
        switch kind {
        case .word(let text), .number(let text): text
        case .text(let text): Quotation.of(text)
        case .symbol(let symbol): symbol.rawValue
        case .end: "the end"
        }
    }
}
