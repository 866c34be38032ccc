public import Model

/// A question that a gate asks somebody outside about its open wave.
public struct OutsideCheck: Hashable, Sendable {
    /// Unique in its gate.
    public let name: CheckName
    public let question: Question
    /// How often it is asked; 5 s to 1 h.
    public let interval: Duration
    /// How long an answer may take; 1 s to 60 s.
    public let timeout: Duration

    public init(name: CheckName, question: Question, interval: Duration, timeout: Duration) {
        self.name = name
        self.question = question
        self.interval = interval
        self.timeout = timeout
    }

    public enum Question: Hashable, Sendable {
        /// A query in PromQL, 1 to 4096 bytes, whose every sample has to satisfy the condition.
        case prometheus(query: String, pass: PassCondition)
        case webHook(OutsideAddress)
        case command(CommandName)
    }

    /// How old an answer may become: one that is missed does no harm yet.
    public var freshness: Duration { interval * 2 + timeout }

    /// Whether it is time to ask, as its newest answer about the open wave was asked for at `last`.
    public func isDue(at now: Instant, lastAsked last: Instant?) -> Bool {
        guard let last else { return true }
        // A clock that was set back must not keep anybody from asking.
        return last > now || now.elapsed(since: last) >= interval
    }
}
