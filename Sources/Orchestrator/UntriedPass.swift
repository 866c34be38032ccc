internal import Model

/// A look at the whole fleet for devices that a rollout has not tried, part by part.
///
/// It begins where one was found last, which is nearly always untried still, and goes round once.
struct UntriedPass: Hashable, Sendable {
    /// Of what decides about each device; once that changes, everybody has to be looked at again.
    let version: RolloutsVersion
    private let start: DeviceID?
    private var next: DeviceID?
    /// The last of all was looked at, and those before `start` follow.
    private var hasTurned = false
    /// When the last was looked at, and none was found.
    private(set) var ended: Instant?

    /// - Parameter start: `nil` for the first of all.
    init(_ version: RolloutsVersion, startingAt start: DeviceID?) {
        self.version = version
        self.start = start
        next = start
    }

    /// How long nobody has to be looked at again after it has ended.
    private static let trust = Duration.seconds(60)

    func isTrusted(at moment: Instant) -> Bool {
        guard let ended else { return false }
        return ended <= moment && moment < ended.advanced(by: Self.trust)
    }

    /// What is looked at next, as far as `end`; `nil` for the end of the fleet.
    func range(upTo end: DeviceID?) -> UntriedRange {
        UntriedRange(from: next, before: isLast(upTo: end) ? (hasTurned ? start : nil) : end)
    }

    /// Whether nobody is left once all up to `end` were looked at.
    private func isLast(upTo end: DeviceID?) -> Bool {
        guard let start else { return end == nil }
        return hasTurned && end.map { $0 >= start } ?? true
    }

    /// Where the next part begins.
    var place: DeviceID? { next }

    /// Nobody was found up to `end`.
    mutating func pass(_ end: DeviceID?, at moment: Instant) {
        if isLast(upTo: end) { ended = moment }
        if end == nil { hasTurned = true }
        next = end
    }

    /// The look was broken off before `device`.
    mutating func stop(before device: DeviceID) { next = device }
}
