public import Model

/// When an image may be fetched: not in quiet hours, and not at the cost of a metered link.
public struct FetchPolicy: Hashable, Sendable {
    /// In which no image is fetched.
    public var quietHours: QuietHours
    /// The largest image that is fetched over a metered link, in bytes; `nil` for any.
    public var meteredMaximumBytes: Int64?

    /// How soon to look again whether the link is still metered.
    public static let meteredPause = Duration.seconds(900)

    /// - Parameter meteredMaximumBytes: At least 0; `nil` for any size.
    public init(quietHours: QuietHours, meteredMaximumBytes: Int64?) {
        self.quietHours = quietHours
        self.meteredMaximumBytes = meteredMaximumBytes
    }

    /// Any image, at any time, over any link.
    public static let always = FetchPolicy(quietHours: .none, meteredMaximumBytes: nil)

    /// What the link costs.
    public enum Link: Hashable, Sendable {
        case metered
        case free
        /// Nobody could tell; what it costs cannot be taken back, so it counts as metered.
        case unknown
    }

    /// Whether to begin, and if not, when to ask again.
    public enum Decision: Hashable, Sendable {
        case go
        /// Ask again after so long; the reason is one clause for a person.
        case wait(Duration, reason: String)
    }

    /// Whether an image may be fetched now.
    ///
    /// - Parameters:
    ///   - now: The device's best idea of the time.
    ///   - bytes: How much of the image is still to be fetched.
    public func decision(at now: Instant, link: Link, bytes: Int64) -> Decision {
        if let rest = quietHours.remaining(at: now) {
            return .wait(rest, reason: "quiet hours last until \(now.advanced(by: rest))")
        }
        guard let maximum = meteredMaximumBytes, bytes > maximum else { return .go }
        let size = "\(bytes) bytes are more than the \(maximum) that may be fetched over one"
        switch link {
        case .free: return .go
        case .metered:
            return .wait(Self.meteredPause, reason: "the link is metered, and \(size)")
        case .unknown:
            return .wait(
                Self.meteredPause,
                reason: "nobody can tell whether the link is metered, and \(size)")
        }
    }
}
