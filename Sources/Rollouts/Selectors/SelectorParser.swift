internal import Model

/// Reads a selector by recursive descent, one function for each rule.
///
///     either     = both { "or" both }
///     both       = single { "and" single }
///     single     = "not" single | "(" either ")" | "all" | function | comparison
///     function   = "has" "(" word ")" | "tag" "(" text ")"
///     comparison = word ( operator text | [ "not" ] "in" "[" text { "," text } "]" )
struct SelectorParser {
    private var lexer: SelectorLexer
    private var token: SelectorToken

    /// - Throws: ``SelectorError``.
    static func expression(of text: String) throws(SelectorError) -> SelectorExpression {
        let limit = Selector.maximumByteCount
        guard text.utf8.count <= limit else {
            throw SelectorError(
                column: 1, expected: "at most \(limit) bytes", found: "\(text.utf8.count)")
        }
        var parser = try SelectorParser(text)
        let expression = try parser.either(depth: 0)
        guard parser.token.kind == .end else {
            throw parser.error(expected: "and, or, or the end")
        }
        return expression
    }

    private init(_ text: String) throws(SelectorError) {
        lexer = SelectorLexer(text)
        token = try lexer.next()
    }

    private mutating func either(depth: Int) throws(SelectorError) -> SelectorExpression {
        var parts = [try both(depth: depth)]
        while try take(.word("or")) { parts.append(try both(depth: depth)) }
        return parts.count == 1 ? parts[0] : .either(parts)
    }

    private mutating func both(depth: Int) throws(SelectorError) -> SelectorExpression {
        var parts = [try single(depth: depth)]
        while try take(.word("and")) { parts.append(try single(depth: depth)) }
        return parts.count == 1 ? parts[0] : .both(parts)
    }

    private mutating func single(depth: Int) throws(SelectorError) -> SelectorExpression {
        switch token.kind {
        case .symbol(.open), .word("not"):
            guard depth < Selector.maximumDepth else {
                throw error(expected: "at most \(Selector.maximumDepth) levels of ( and not")
            }
            return try nested(depth: depth + 1)
        case .word("all"):
            try advance()
            return .all
        case .word("has"):
            try advance()
            return .has(try inParentheses { parser throws(SelectorError) in try parser.word() })
        case .word("tag"):
            try advance()
            return .tag(try inParentheses { parser throws(SelectorError) in try parser.tag() })
        case .word, .symbol, .text, .end:
            return try comparison(of: word())
        }
    }

    private mutating func nested(depth: Int) throws(SelectorError) -> SelectorExpression {
        if try take(.word("not")) { return .not(try single(depth: depth)) }
        try advance()
        let inner = try either(depth: depth)
        try expect(.symbol(.close), "and, or, or )")
        return inner
    }

    private mutating func inParentheses<Inner>(
        _ inner: (inout SelectorParser) throws(SelectorError) -> Inner
    ) throws(SelectorError) -> Inner {
        try expect(.symbol(.open), "(")
        let result = try inner(&self)
        try expect(.symbol(.close), ")")
        return result
    }

    private mutating func comparison(
        of word: DeviceWord
    ) throws(SelectorError) -> SelectorExpression {
        if try take(.word("in")) { return .oneOf(word, try list()) }
        if try take(.word("not")) {
            try expect(.word("in"), "in")
            return .noneOf(word, try list())
        }
        if try take(.symbol(.equal)) { return .equal(word, try text()) }
        if try take(.symbol(.notEqual)) { return .notEqual(word, try text()) }
        let order = try order()
        return .ordered(word, order, OrderedValue(String(decoding: try text(), as: UTF8.self)))
    }

    private mutating func order() throws(SelectorError) -> SelectorOrder {
        if try take(.symbol(.less)) { return .less }
        if try take(.symbol(.lessOrEqual)) { return .lessOrEqual }
        if try take(.symbol(.greater)) { return .greater }
        if try take(.symbol(.greaterOrEqual)) { return .greaterOrEqual }
        throw error(expected: "==, !=, <, <=, >, >=, in or not in")
    }

    private mutating func list() throws(SelectorError) -> Set<[UInt8]> {
        try expect(.symbol(.openList), "[")
        var texts: Set<[UInt8]> = [try text()]
        var count = 1
        while try take(.symbol(.comma)) {
            guard count < Selector.maximumListCount else {
                throw error(expected: "at most \(Selector.maximumListCount) texts in a list")
            }
            texts.insert(try text())
            count += 1
        }
        try expect(.symbol(.closeList), ", or ]")
        return texts
    }

    private static let reserved: Set = ["all", "and", "has", "in", "not", "or", "tag"]

    private mutating func word() throws(SelectorError) -> DeviceWord {
        guard case .word(let word) = token.kind, !Self.reserved.contains(word),
            Attributes.isName(word)
        else { throw error(expected: "an attribute name, not, has, tag, all or (") }
        try advance()
        return DeviceWord(word)
    }

    private mutating func text() throws(SelectorError) -> [UInt8] {
        guard case .text(let bytes) = token.kind else {
            throw error(expected: "a text in double quotes")
        }
        try advance()
        return bytes
    }

    /// A tag with a comma could never be found, so it is a mistake.
    private mutating func tag() throws(SelectorError) -> [UInt8] {
        guard case .text(let bytes) = token.kind, !bytes.isEmpty,
            !bytes.contains(UInt8(ascii: ","))
        else { throw error(expected: "one tag in double quotes, without a comma") }
        try advance()
        return bytes
    }

    private mutating func advance() throws(SelectorError) { token = try lexer.next() }

    private mutating func take(_ kind: SelectorToken.Kind) throws(SelectorError) -> Bool {
        guard token.kind == kind else { return false }
        try advance()
        return true
    }

    private mutating func expect(
        _ kind: SelectorToken.Kind, _ expected: String
    ) throws(SelectorError) {
        guard try take(kind) else { throw error(expected: expected) }
    }

    private func error(expected: String) -> SelectorError {
        SelectorError(column: token.column, expected: expected, found: token.name)
    }
}
