/// One word, text or symbol of a selector, and where it starts.
struct SelectorToken: Hashable {
    let kind: Kind
    /// Counts Unicode scalars from 1.
    let column: Int

    enum Kind: Hashable {
        case word(String)
        /// What stands between double quotes, escapes resolved.
        case text([UInt8])
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
        case .word(let word): word
        case .text(let bytes): Quotation.of(String(decoding: bytes, as: UTF8.self))
        case .symbol(let symbol): symbol.rawValue
        case .end: "the end"
        }
    }
}
