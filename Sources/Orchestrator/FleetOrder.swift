public import Model
public import Rollouts
public import Trust

/// An order of the whole fleet that follows from one text: SHA-256(SHA-256(text) ‖ device id).
public struct FleetOrder: Sendable {
    private let salt: [UInt8]
    private let hashing: any Hashing

    private init(saltedWith text: String, _ hashing: any Hashing) {
        salt = hashing.sha256(Array(text.utf8)).bytes
        self.hashing = hashing
    }

    /// The order in which one rollout's percentages take devices.
    public static func ofRollout(_ name: RolloutName, by hashing: any Hashing) -> FleetOrder {
        FleetOrder(saltedWith: "slipway-rollout\(name)", hashing)
    }

    /// The order that no rollout shares, which ``SelectorContext/place`` is told by.
    public static func ofFleet(by hashing: any Hashing) -> FleetOrder {
        FleetOrder(saltedWith: "slipway-fleet", hashing)
    }

    public func bucket(of device: DeviceID) -> Bucket {
        var message = salt
        message.append(contentsOf: device.text.utf8)
        return Bucket(hashing.sha256(message))
    }
}
