internal import Model

extension SelectorParser {
    /// What a saved selector picks, as if its text stood here in parentheses.
    ///
    /// - Parameters:
    ///   - start: The word `cohort`.
    ///   - depth: How many parentheses and `not`s are around it.
    mutating func cohort(
        at start: SelectorToken, depth: Int
    ) throws(SelectorError) -> SelectorExpression {
        try expect(.symbol(.open), "(")
        let name = token
        guard case .text(let text) = name.kind, let reference = CohortReference(text) else {
            throw error(
                expected: "a cohort in double quotes, such as \"berlin\" or \"berlin@3\"")
        }
        try advance()
        let place = start.bytes.lowerBound..<token.bytes.upperBound
        try expect(.symbol(.close), ")")
        cohorts.note(reference)
        switch source {
        case .refused, .expanded:
            throw SelectorError(
                column: start.column, expected: "no cohort, since only the server knows them",
                found: "cohort(\(name.name))")
        case .unchecked: return .not(.all)
        case .saved(let resolve):
            let (version, text) = try Self.found(reference, resolve(reference), as: name)
            return try inline(text, of: version, at: place, as: name, depth: depth)
        }
    }

    private static func found(
        _ reference: CohortReference, _ resolution: CohortResolution, as name: SelectorToken
    ) throws(SelectorError) -> (CohortVersion, text: String) {
        switch resolution {
        case .found(let version, let text): return (version, text)
        case .unknownName(let known):
            throw SelectorError(
                column: name.column, expected: "one of the saved cohorts", found: name.name,
                nearest: EditDistance.nearest(to: reference.name.text, in: known.map(\.text)))
        case .unknownVersion(let newest):
            throw SelectorError(
                column: name.column, expected: "a saved version, of which \(newest) is the newest",
                found: name.name)
        }
    }

    private mutating func inline(
        _ text: String, of version: CohortVersion, at place: Range<Int>, as name: SelectorToken,
        depth: Int
    ) throws(SelectorError) -> SelectorExpression {
        let limit = Selector.maximumExpandedByteCount
        guard byteCount + cohorts.growth + InlinedCohorts.growth(text, at: place) <= limit else {
            throw SelectorError(
                column: name.column, expected: "at most \(limit) bytes with all cohorts",
                found: name.name)
        }
        do throws(SelectorError) {
            // One deeper: what comes out has to stand up to being read again.
            let inner = try Self.read(text, .expanded, depth: depth + 1)
            cohorts.inline(
                text, of: version, at: place, words: Set(inner.columns.keys))
            return inner.expression
        } catch {
            throw SelectorError(
                column: name.column, expected: "\(error.expected), those of the cohort included",
                found: name.name)
        }
    }
}
