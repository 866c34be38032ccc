public import Model

/// Plans a rollout for a fleet that is read once, one device after another and in any order.
///
/// Memory does not grow with the fleet.
public struct RolloutPlanner {
    private var census: FleetCensus
    private let bucket: (DeviceID) -> Bucket

    /// - Parameters:
    ///   - images: The release's image for each model of hardware.
    ///   - context: What the selector may ask for besides each device.
    ///   - bucket: A device's place in this rollout's order.
    public init(
        _ spec: RolloutSpec, images: [HardwareModel: PlannedImage], in context: SelectorContext,
        bucket: @escaping (DeviceID) -> Bucket
    ) {
        census = FleetCensus(spec: spec, images: images, context: context)
        self.bucket = bucket
    }

    /// Takes the next device of the fleet into account; no device may come twice.
    public mutating func count(_ device: DeviceFacts) { census.count(device, bucket: bucket) }

    /// The plan for the devices that have come, and what follows from them besides.
    ///
    /// - Parameter mayReturn: Whether the image of a release for a model is published, and devices
    ///   that have installed the new one may go down to it; asked once for each pair.
    /// - Throws: ``PlanError`` when no device could take the release, or a gate could never open.
    public func finish(
        mayReturn: (ReleaseID, HardwareModel) -> Bool
    ) throws(PlanError) -> DetailedPlan {
        DetailedPlan(
            plan: try census.plan(), details: census.details(mayReturn: mayReturn),
            scope: census.scope)
    }
}

/// A plan, and what else was learned when the fleet was read for it.
public struct DetailedPlan: Hashable, Sendable {
    /// As ``RolloutPlan/make(_:images:fleet:in:bucket:)`` makes it.
    public let plan: RolloutPlan
    public let details: PlanDetails
    /// In what failures of the devices that could take the release are to be looked for.
    public let scope: AttributionScope
}
