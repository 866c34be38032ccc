internal import Model

/// When an event that could not be delivered is tried again, and when it is given up; pure.
enum WebHookRetry {
    /// The first pause; each next one is twice as long.
    static let firstPauseSeconds: Int64 = 1
    /// The longest pause.
    static let longestPauseSeconds: Int64 = 3600
    /// How long an address may be away.
    static let patience = Duration.seconds(86_400)
    /// After how many refusals of an address that is there an event is given up: some eight minutes.
    static let maximumRefusals = 10
    /// With so many dead letters nothing more is given up, so that nothing is ever thrown away.
    static let maximumDeadLetters = 10_000

    /// - Parameters:
    ///   - failures: Of the same event, this one included; at least 1.
    ///   - luck: From 0 to 1000; spreads web hooks that failed together over half of the pause.
    static func pause(afterFailures failures: Int, luck: Int) -> Duration {
        let doublings = min(max(0, failures - 1), 20)
        let longest = min(longestPauseSeconds, firstPauseSeconds << Int64(doublings))
        let share = Int64(1000 - min(max(0, luck), 1000) / 2)
        return .seconds(max(1, longest * share / 1000))
    }

    static func givesUp(
        afterFailures failures: Int, since: Instant, now: Instant, isRefusal: Bool,
        deadLetters: Int
    ) -> Bool {
        guard deadLetters < maximumDeadLetters else { return false }
        return now.elapsed(since: since) >= patience
            || isRefusal && failures >= maximumRefusals
    }
}
