internal import Model

/// Reads a selector by recursive descent, one function for each rule.
///
///     either     = both { "or" both }
///     both       = single { "and" single }
///     single     = "not" single | "(" either ")" | "all" | call | comparison
///     call       = "has" "(" word ")" | "tag" "(" text ")"
///                | "version" "(" word ")" ( operator text | [ "not" ] "in" list )
///                | "last_seen" "(" ")" order text | "hash_percent" "(" ( number | text ) ")"
///                | "cohort" "(" text ")"
///     comparison = word ( operator text | [ "not" ] "in" list | [ "not" ] "like" text )
///     operator   = "==" | "!=" | order
///     order      = "<" | "<=" | ">" | ">="
///     list       = "[" text { "," text } "]"
struct SelectorParser {
    private var lexer: SelectorLexer
    private(set) var token: SelectorToken
    /// The words for something a device has, and where each was first read.
    private var columns: [String: Int] = [:]
    let source: CohortSource
    let byteCount: Int
    var cohorts = InlinedCohorts()

    /// - Parameter depth: How many parentheses and `not`s are around the text.
    /// - Throws: ``SelectorError``.
    static func read(
        _ text: String, _ source: CohortSource, depth: Int = 0
    ) throws(SelectorError) -> SelectorReading {
        let limit = source.maximumByteCount
        guard text.utf8.count <= limit else {
            throw SelectorError(
                column: 1, expected: "at most \(limit) bytes", found: "\(text.utf8.count)")
        }
        guard depth <= Selector.maximumDepth else {
            throw SelectorError(column: 1, expected: depthRule, found: "one more")
        }
        var parser = try SelectorParser(text, source)
        let expression = try parser.either(depth: depth)
        guard parser.token.kind == .end else {
            throw parser.error(expected: "and, or, or the end")
        }
        return SelectorReading(
            expression: expression, columns: parser.columns, cohorts: parser.cohorts)
    }

    private static let depthRule = "at most \(Selector.maximumDepth) levels of ( and not"

    private init(_ text: String, _ source: CohortSource) throws(SelectorError) {
        self.source = source
        byteCount = text.utf8.count
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
                throw error(expected: Self.depthRule)
            }
            return try nested(depth: depth + 1)
        case .word("all"):
            try advance()
            return .all
        case .word(let name) where !Self.keywords.contains(name) && Attributes.isName(name):
            return try callOrComparison(name, depth: depth)
        case .word, .text, .number, .symbol, .end:
            throw error(
                expected: "an attribute name, not, \(SelectorFunction.list), all or (")
        }
    }

    private mutating func nested(depth: Int) throws(SelectorError) -> SelectorExpression {
        if try take(.word("not")) { return .not(try single(depth: depth)) }
        try advance()
        let inner = try either(depth: depth)
        try expect(.symbol(.close), "and, or, or )")
        return inner
    }

    private static let keywords: Set = ["all", "and", "in", "like", "not", "or"]

    /// Whether `name` is a function or a word of the device is told by the parenthesis after it.
    private mutating func callOrComparison(
        _ name: String, depth: Int
    ) throws(SelectorError) -> SelectorExpression {
        let start = token
        let function = SelectorFunction(rawValue: name)
        try advance()
        let isCall = token.kind == .symbol(.open)
        if let function, isCall || function.isReserved {
            return try call(of: function, at: start, depth: depth)
        }
        guard !isCall else {
            throw SelectorError(
                column: start.column, expected: "one of the functions \(SelectorFunction.list)",
                found: name)
        }
        mention(name, at: start.column)
        return try comparison(of: DeviceWord(name))
    }

    /// A word of the device that stands where nothing else may.
    mutating func word() throws(SelectorError) -> DeviceWord {
        guard case .word(let name) = token.kind, !Self.keywords.contains(name),
            SelectorFunction(rawValue: name)?.isReserved != true, Attributes.isName(name)
        else { throw error(expected: "an attribute name, id, hardware, release or version") }
        mention(name, at: token.column)
        try advance()
        return DeviceWord(name)
    }

    private mutating func mention(_ name: String, at column: Int) {
        columns[name] = columns[name] ?? column
    }

    mutating func advance() throws(SelectorError) { token = try lexer.next() }

    mutating func take(_ kind: SelectorToken.Kind) throws(SelectorError) -> Bool {
        guard token.kind == kind else { return false }
        try advance()
        return true
    }

    mutating func expect(
        _ kind: SelectorToken.Kind, _ expected: String
    ) throws(SelectorError) {
        guard try take(kind) else { throw error(expected: expected) }
    }

    func error(expected: String) -> SelectorError {
        SelectorError(column: token.column, expected: expected, found: token.name)
    }
}
