extension SelectorParser {
    /// What follows the name of `function`, and what its result is compared with.
    ///
    /// - Parameters:
    ///   - start: The name itself.
    ///   - depth: How many parentheses and `not`s are around it.
    mutating func call(
        of function: SelectorFunction, at start: SelectorToken, depth: Int
    ) throws(SelectorError) -> SelectorExpression {
        switch function {
        case .has:
            return .has(try inParentheses { parser throws(SelectorError) in try parser.word() })
        case .tag:
            return .tag(try inParentheses { parser throws(SelectorError) in try parser.tag() })
        case .version:
            let word = try inParentheses { parser throws(SelectorError) in try parser.word() }
            return try versionComparison(of: word)
        case .lastSeen:
            try inParentheses { _ throws(SelectorError) in }
            return try ageComparison()
        case .hashPercent:
            let share = try inParentheses { parser throws(SelectorError) in
                try parser.percentage()
            }
            return .place(within: share)
        case .cohort: return try cohort(at: start, depth: depth)
        }
    }

    private mutating func inParentheses<Inner>(
        _ inner: (inout SelectorParser) throws(SelectorError) -> Inner
    ) throws(SelectorError) -> Inner {
        try expect(.symbol(.open), "(")
        let result = try inner(&self)
        try expect(.symbol(.close), ")")
        return result
    }

    /// A tag with a comma could never be found, so it is a mistake.
    private mutating func tag() throws(SelectorError) -> ExactText {
        guard case .text(let text) = token.kind, !text.isEmpty,
            !text.utf8.contains(UInt8(ascii: ","))
        else { throw error(expected: "one tag in double quotes, without a comma") }
        try advance()
        return ExactText(text)
    }

    private mutating func percentage() throws(SelectorError) -> Percentage {
        switch token.kind {
        case .number(let text), .text(let text):
            guard let percentage = Percentage(text) else { break }
            try advance()
            return percentage
        case .word, .symbol, .end: break
        }
        throw error(expected: "\(RolloutFileError.Form.percentage)")
    }
}
