internal import Model

/// What a parser makes of a selector's text.
struct SelectorReading {
    var expression: SelectorExpression
    /// The words for something a device has, and where each was first read.
    var columns: [String: Int]
    var cohorts: InlinedCohorts
}

/// The cohorts that a text refers to, and what came into their places.
struct InlinedCohorts {
    private(set) var references: [CohortReference] = []
    private(set) var versions: [CohortVersion] = []
    /// The words of what was put in.
    private(set) var words: Set<String> = []
    private var pieces: [(place: Range<Int>, text: String)] = []
    /// How much longer the text has become, in bytes.
    private(set) var growth = 0

    /// Notes a reference that nothing is put in for.
    mutating func note(_ reference: CohortReference) { references.append(reference) }

    /// - Parameter place: The bytes of the reference.
    mutating func inline(
        _ text: String, of version: CohortVersion, at place: Range<Int>, words new: Set<String>
    ) {
        pieces.append((place, "(\(text))"))
        growth += Self.growth(text, at: place)
        if !versions.contains(version) { versions.append(version) }
        words.formUnion(new)
    }

    /// How much longer a text becomes, in bytes.
    static func growth(_ text: String, at place: Range<Int>) -> Int {
        text.utf8.count + 2 - place.count
    }

    /// `text` with what was put in.
    func expanding(_ text: String) -> String {
        guard !pieces.isEmpty else { return text }
        let bytes = Array(text.utf8)
        var expanded: [UInt8] = []
        var done = 0
        for (place, piece) in pieces {
            expanded += bytes[done..<place.lowerBound] + Array(piece.utf8)
            done = place.upperBound
        }
        return String(decoding: expanded + bytes[done...], as: UTF8.self)
    }
}
