public import Model

/// What is asked of the whole fleet, without reading all of it.
public protocol UntriedReader {
    /// Gives devices that the rollout has not tried, by id, until `body` answers no.
    ///
    /// - Parameters:
    ///   - moment: Devices that were not heard of since then are left out.
    ///   - range: Of ids.
    func forEachUntried(
        in rollout: RolloutName, heardAfter moment: Instant, within range: UntriedRange,
        _ body: (DeviceID, HardwareModel) throws -> Bool
    ) throws

    /// The device so many places behind `first`, by id; `nil` where the fleet ends before it.
    ///
    /// - Parameter first: `nil` for the first of all.
    func device(placesBehind count: Int, _ first: DeviceID?) throws -> DeviceID?
}

/// A part of the fleet, by id.
public struct UntriedRange: Hashable, Sendable {
    /// The first that is in it; `nil` for the first of all.
    public let from: DeviceID?
    /// The first that is not in it any more; `nil` when all others are.
    public let before: DeviceID?

    public init(from: DeviceID? = nil, before: DeviceID? = nil) {
        self.from = from
        self.before = before
    }

    public static let all = UntriedRange()
}
