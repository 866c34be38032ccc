/// How long to wait after tries that failed: exponential, with full jitter, so that devices that
/// lost one server at once do not come back at once.
public struct Backoff: Hashable, Sendable {
    /// The most that the first pause may be.
    public var base: Duration
    /// The most that any pause may be, unless the server asks for more.
    public var cap: Duration

    /// The least that any pause may be.
    public static let shortest = Duration.seconds(1)

    /// - Parameters:
    ///   - base: At least a millisecond.
    ///   - cap: At least ``shortest``, at most a year.
    public init(base: Duration, cap: Duration) {
        precondition(base >= .milliseconds(1) && cap >= Self.shortest, "a pause has a length")
        precondition(cap <= .seconds(31_536_000), "a pause is at most a year")
        self.base = base
        self.cap = cap
    }

    /// The pause after `failures` tries in a row that failed.
    ///
    /// A random time from nothing to `base` times two to the power of `failures` less one, at most
    /// the cap, at least a second; on top of what the server asks for, so that those who were all
    /// told the same do not come back at once either.
    ///
    /// - Parameters:
    ///   - failures: At least 1.
    ///   - retryAfter: How long the server asks to be left alone.
    public func pause(
        afterFailures failures: Int, retryAfter: Duration? = nil,
        using random: inout some RandomNumberGenerator
    ) -> Duration {
        precondition(failures >= 1, "a pause follows a failure")
        var ceiling = min(base, cap)
        var doublings = failures - 1
        while doublings > 0, ceiling < cap {
            ceiling = min(cap, ceiling * 2)
            doublings -= 1
        }
        let milliseconds = Int64.random(in: 0...ceiling.wholeMilliseconds, using: &random)
        let jittered = max(Self.shortest, .milliseconds(milliseconds))
        let asked = min(max(retryAfter ?? .zero, .zero), TransportError.maximumRetryAfter)
        return asked + jittered
    }
}

extension Duration {
    /// Rounded down.
    fileprivate var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
