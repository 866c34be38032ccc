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
}

/// A part of the fleet.
public enum UntriedRange: Hashable, Sendable {
    case all
    case from(DeviceID)
    case before(DeviceID)
}
