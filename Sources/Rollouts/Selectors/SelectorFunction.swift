/// A word that is followed by parentheses.
enum SelectorFunction: String, CaseIterable {
    case has
    case tag
    case version
    case lastSeen = "last_seen"
    case hashPercent = "hash_percent"
    case cohort

    /// Whether the word may be nothing else.
    var isReserved: Bool {
        switch self {
        case .has, .tag, .lastSeen, .hashPercent: true
        // Alone it is the version that the device runs.
        case .version: false
        // Alone it is an attribute, as it was before there were cohorts.
        case .cohort: false
        }
    }

    /// All of them, as an error lists them.
    static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
