public import Model

/// What a selector may ask for that is not in the facts of a device.
public struct SelectorContext: Sendable {
    /// The present moment, which ages such as `last_seen()` end at.
    public let now: Instant
    /// A device's place for `hash_percent()`.
    ///
    /// It belongs to the device alone: the first 8 bytes of SHA-256(fixed salt ‖ device id), the
    /// same in every rollout, and another than the device's bucket in any of them.
    public let place: @Sendable (DeviceID) -> Bucket

    public init(now: Instant, place: @escaping @Sendable (DeviceID) -> Bucket) {
        self.now = now
        self.place = place
    }
}
