public import Model

/// Devices that left the fleet before they had proven the release of a rollout that counted on them.
///
/// A plan says how many devices each of its waves reaches; these are no longer among them.
public protocol LeaverReader {
    /// How many there are, by the first wave that reached them; waves without one are absent.
    func leavers(of rollout: RolloutName) throws -> [Int: Int]
    /// Devices that have proven the rollout's release in it, and that have not left since.
    func remainingProvenCount(in rollout: RolloutName) throws -> Int
}

public protocol LeaverWriter {
    /// Adds the device; one that is there already stays as it is.
    func addLeaver(_ device: DeviceID, from wave: Int, of rollout: RolloutName) throws
    /// The device is back; every rollout counts on it again.
    func removeLeaver(_ device: DeviceID) throws
}
