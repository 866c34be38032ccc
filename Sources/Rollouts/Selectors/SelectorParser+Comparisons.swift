internal import Model

extension SelectorParser {
    mutating func comparison(of word: DeviceWord) throws(SelectorError) -> SelectorExpression {
        if let order = try order() { return .ordered(word, order, try text()) }
        if try take(.symbol(.equal)) { return .text(word, try equality(), expected: true) }
        if try take(.symbol(.notEqual)) { return .text(word, try equality(), expected: false) }
        let expected = try !take(.word("not"))
        if try take(.word("in")) { return .text(word, try membership(), expected: expected) }
        if try take(.word("like")) { return .text(word, try likeness(), expected: expected) }
        throw error(
            expected: expected
                ? "==, !=, <, <=, >, >=, in, not in, like or not like" : "in or like")
    }

    mutating func versionComparison(
        of word: DeviceWord
    ) throws(SelectorError) -> SelectorExpression {
        if let order = try order() {
            return .version(word, .stands(order, try version()), expected: true)
        }
        if try take(.symbol(.equal)) {
            return .version(word, .equals(try version()), expected: true)
        }
        if try take(.symbol(.notEqual)) {
            return .version(word, .equals(try version()), expected: false)
        }
        let expected = try !take(.word("not"))
        try expect(
            .word("in"), expected ? "==, !=, <, <=, >, >=, in or not in" : "in")
        let versions = try list { parser throws(SelectorError) in try parser.version() }
        return .version(word, .isOneOf(versions), expected: expected)
    }

    mutating func ageComparison() throws(SelectorError) -> SelectorExpression {
        guard let order = try order() else { throw error(expected: "<, <=, > or >=") }
        return .lastSeen(order, try duration())
    }

    private mutating func order() throws(SelectorError) -> SelectorOrder? {
        if try take(.symbol(.less)) { return .less }
        if try take(.symbol(.lessOrEqual)) { return .lessOrEqual }
        if try take(.symbol(.greater)) { return .greater }
        if try take(.symbol(.greaterOrEqual)) { return .greaterOrEqual }
        return nil
    }

    private mutating func equality() throws(SelectorError) -> TextTest {
        .equals(ExactText(try text()))
    }

    private mutating func likeness() throws(SelectorError) -> TextTest {
        .isLike(TextPattern(try text()))
    }

    private mutating func membership() throws(SelectorError) -> TextTest {
        .isOneOf(try list { parser throws(SelectorError) in ExactText(try parser.text()) })
    }

    private mutating func list<Item: Hashable>(
        of item: (inout SelectorParser) throws(SelectorError) -> Item
    ) throws(SelectorError) -> Set<Item> {
        try expect(.symbol(.openList), "[")
        var items: Set<Item> = [try item(&self)]
        var count = 1
        while try take(.symbol(.comma)) {
            guard count < Selector.maximumListCount else {
                throw error(expected: "at most \(Selector.maximumListCount) texts in a list")
            }
            items.insert(try item(&self))
            count += 1
        }
        try expect(.symbol(.closeList), ", or ]")
        return items
    }

    private mutating func text() throws(SelectorError) -> String {
        guard case .text(let text) = token.kind else {
            throw error(expected: "a text in double quotes")
        }
        try advance()
        return text
    }

    private mutating func version() throws(SelectorError) -> Version {
        guard case .text(let text) = token.kind, let version = Version(text) else {
            throw error(expected: "a version in double quotes, such as \"2.10\"")
        }
        try advance()
        return version
    }

    private mutating func duration() throws(SelectorError) -> Duration {
        guard case .text(let text) = token.kind, let duration = DurationText.parse(text) else {
            throw error(
                expected: "a duration in double quotes, such as \"90s\", \"30m\", \"24h\" or "
                    + "\"7d\", at most 366d")
        }
        try advance()
        return duration
    }
}

extension SelectorExpression {
    /// `word` has an order to `text`: as versions, or else as numbers.
    fileprivate static func ordered(
        _ word: DeviceWord, _ order: SelectorOrder, _ text: String
    ) -> SelectorExpression {
        // A release's version has been read as one before, so no device needs to be read again.
        if word == .version, let version = Version(text) {
            return .version(word, .stands(order, version), expected: true)
        }
        return .text(word, .stands(order, OrderedValue(text)), expected: true)
    }
}
