public import Model

/// What whoever reads a selector does where it says `cohort("berlin")`.
public enum CohortSource: Sendable {
    /// Refuses it, because nothing is known of any cohort.
    case refused
    /// Believes that there is such a cohort, which then picks nothing: the selector is only good
    /// for being checked.
    case unchecked
    /// Puts in its place what was saved.
    case saved(@Sendable (CohortReference) -> CohortResolution)
    /// Refuses it, because the text is some selector's ``Selector/expandedText``, which is longer
    /// than what people write.
    case expanded

    /// The longest text, in bytes of UTF-8.
    var maximumByteCount: Int {
        switch self {
        case .refused, .unchecked, .saved: Selector.maximumByteCount
        case .expanded: Selector.maximumExpandedByteCount
        }
    }
}

/// What is known of a cohort that a selector refers to.
public enum CohortResolution: Hashable, Sendable {
    /// - Parameter text: The ``Selector/expandedText`` of what was saved.
    case found(CohortVersion, text: String)
    case unknownName(known: [CohortName])
    case unknownVersion(newest: CohortVersion)
}
