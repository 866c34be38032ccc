public import Model

/// Which devices that failed are tried again, how often, and when.
///
/// A device that failed to fetch or to write the image still runs what it ran: while it is to be
/// tried again, it is undecided. Every other failure counts at once and goes on counting until
/// the device has proven the release after all.
public struct RetryPolicy: Hashable, Sendable {
    /// The most tries after the first; 0 to 20.
    public let max: Int
    /// The pause before the first of them; each next one is twice as long, up to a day.
    public let backoff: Duration
    /// The classes of failures after which a device is tried again.
    public let classes: Set<FailureClass>

    public static let maximumPause = Duration.seconds(86_400)
    public static let maximumCounts = 0...20
    /// What is tried again unless the author says otherwise.
    public static let defaultClasses: Set<FailureClass> = [.download, .install, .overdue]
    public static let none = RetryPolicy(max: 0, backoff: .zero, classes: [])

    public init(max: Int, backoff: Duration, classes: Set<FailureClass>) {
        precondition(Self.maximumCounts.contains(max) && backoff >= .zero, "retries are bounded")
        self.max = max
        self.backoff = backoff
        self.classes = classes
    }

    /// When a device may be tried again; `nil` when it may not.
    ///
    /// - Parameter tries: How often it was tried, this failure included; at least 1.
    public func nextTry(after kind: FailureClass, at failed: Instant, tries: Int) -> Instant? {
        guard classes.contains(kind), tries <= max else { return nil }
        let doublings = min(tries - 1, Self.maximumCounts.upperBound)
        let pause = backoff * (1 << doublings)
        return failed.advanced(by: min(pause, Self.maximumPause))
    }

    /// When a failure begins to count for the gate.
    ///
    /// A try that nobody begins in time counts as the failure that it was (promise P2).
    public func counts(
        from kind: FailureClass, at failed: Instant, tries: Int, overdueAfter: Duration
    ) -> Instant {
        guard kind.leavesTheOldImage,
            let next = nextTry(after: kind, at: failed, tries: tries)
        else { return failed }
        return next.advanced(by: overdueAfter)
    }
}

extension FailureClass {
    /// Whether the device never left what it ran before, and no new image was tried.
    var leavesTheOldImage: Bool {
        switch self {
        case .download, .install: true
        case .refused, .boot, .health, .overdue: false
        }
    }
}
