public import Model

/// One version of a saved selector; only ever added.
public struct CohortRecord: Hashable, Sendable {
    public var version: CohortVersion
    /// As its author wrote it.
    public var selector: String
    /// The same with what each cohort in it stood for when it was saved.
    public var expanded: String
    public var author: OperatorName
    public var at: Instant

    public init(
        version: CohortVersion, selector: String, expanded: String, author: OperatorName,
        at: Instant
    ) {
        self.version = version
        self.selector = selector
        self.expanded = expanded
        self.author = author
        self.at = at
    }
}
