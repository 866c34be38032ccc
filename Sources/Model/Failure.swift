/// The kinds of failure that a gate counts, from the earliest step to the latest.
public enum FailureClass: String, Hashable, Sendable, CaseIterable {
    /// The device found the image or the offer not to be trusted, or not meant for it.
    case refused
    /// The bytes could not be fetched.
    case download
    /// The bytes could not be written or did not read back.
    case install
    /// The new image never came up, or went down before it could say how it was.
    case boot
    /// The new image came up and failed its health checks.
    case health
    /// Nothing was heard of the device until its deadline had passed.
    case overdue
}

/// Why one update of one device failed.
public struct Failure: Hashable, Sendable {
    public let kind: FailureClass
    /// One sentence for a person, at most 512 bytes, without control characters.
    public let detail: String
    /// The attack that what was refused may be part of; `nil` when it looks like none.
    public let indicator: AttackIndicator?
    /// The last lines of the image's own log, where the device could keep them; see ``LogText``.
    public private(set) var log: String?

    /// The longest detail, in bytes.
    public static let maximumDetailByteCount = DetailText.maximumByteCount

    /// Cuts `detail` to its limit and replaces control characters by spaces.
    public init(
        _ kind: FailureClass, _ detail: String, indicator: AttackIndicator? = nil
    ) {
        self.kind = kind
        self.indicator = indicator
        self.detail = DetailText.of(detail)
    }

    /// The same failure with the end of a log, which is cut to its limits.
    public func with(log: String?) -> Failure {
        var failure = self
        failure.log = log.flatMap { LogText.of($0) }
        return failure
    }
}

extension Failure: CustomStringConvertible {
    public var description: String { "\(kind.rawValue): \(detail)" }
}
