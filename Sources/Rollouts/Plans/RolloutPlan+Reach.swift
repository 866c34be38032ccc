public import Model

extension RolloutPlan {
    /// Whether wave `wave` or one before it reaches `device`.
    ///
    /// The device has to be selected, active and of the release's hardware. Whether it can take
    /// the image is another question: ``RolloutSpec/ineligibility(of:image:in:)``.
    public func reaches(
        _ device: DeviceFacts, bucket: Bucket, upTo wave: Int, in context: SelectorContext
    ) -> Bool {
        guard let first = self.wave(of: device, bucket: bucket, in: context) else { return false }
        return first <= wave
    }

    /// `false` only where waves up to `wave` cannot reach the device, whatever else is known of it.
    public func mayReach(_ device: DeviceID, bucket: Bucket, upTo wave: Int) -> Bool {
        waves.prefix(wave + 1).contains { $0.mayHold(device, bucket) }
    }

    /// The first wave that reaches `device`, counted from 0; `nil` when none does.
    ///
    /// - Parameter bucket: The device's place in this rollout's order.
    /// - Parameter context: What the selector may ask for besides `device`.
    public func wave(
        of device: DeviceFacts, bucket: Bucket, in context: SelectorContext
    ) -> Int? {
        let hasImage = hardware.contains(device.hardware)
        guard spec.outOfScope(device, hasImage: hasImage, in: context) == nil else { return nil }
        return waves.firstIndex { $0.holds(device, bucket, context) }
    }
}

extension PlannedWave {
    /// Whether the wave itself, without those before it, names the device or its place.
    fileprivate func holds(
        _ device: DeviceFacts, _ bucket: Bucket, _ context: SelectorContext
    ) -> Bool {
        switch spec.target {
        case .sample, .list: lists(device.id)
        case .percent(let percentage): percentage.holds(bucket)
        case .devices(let selector): selector.matches(device, in: context)
        }
    }

    fileprivate func mayHold(_ device: DeviceID, _ bucket: Bucket) -> Bool {
        switch spec.target {
        case .sample, .list: lists(device)
        case .percent(let percentage): percentage.holds(bucket)
        case .devices: true
        }
    }

    /// Halves the sorted list until one place is left.
    private func lists(_ device: DeviceID) -> Bool {
        var places = listed.indices
        while !places.isEmpty {
            let middle = places.lowerBound + places.count / 2
            guard listed[middle] != device else { return true }
            places =
                listed[middle] < device
                ? middle + 1..<places.upperBound : places.lowerBound..<middle
        }
        return false
    }
}
