public import Model

/// A rollout and a fleet, ready to be played as often as one likes.
///
/// What does not depend on chance is decided once, by the server's own functions: the plan, and the
/// wave of each device. A selector that asks for `last_seen()` is asked about devices that have just
/// checked in, as they have whenever a server decides on an offer.
public struct RolloutSimulation: Sendable {
    public let plan: RolloutPlan
    public let fleet: SimulatedFleet
    /// When the rollout starts; maintenance windows depend on it.
    public let start: Instant
    let images: [HardwareModel: PlannedImage]
    let zones: any TimeZones
    /// How long after a wave opened somebody has approved it, where that is required.
    let approvalSeconds: Int64
    let place: @Sendable (DeviceID) -> Bucket
    let buckets: [Bucket]
    /// The numbers of the devices that each wave is the first to reach.
    let devicesOfWave: [[Int]]
    let groups: SimulatedGroups
    /// In what failures are looked for, and who belongs where.
    let scope: AttributionScope
    let strata: SimulatedStrata
    /// The numbers of the active devices that the selector picks.
    let selected: [Int]
    /// For each device, whose clock its window follows; 0 while there is no window.
    let clocks: [Int]

    /// Plans `spec` for `fleet`.
    ///
    /// - Parameters:
    ///   - images: The release's image for each model of hardware.
    ///   - zones: Tells local time where the rollout has a maintenance window.
    ///   - approvalAfter: How long after a wave opened somebody approves it, where that is required.
    ///   - bucket: A device's place in the rollout's order; the server's own makes the same samples.
    ///   - place: A device's place for `hash_percent()`.
    /// - Throws: ``PlanError``, as a server would.
    public init(
        of spec: RolloutSpec, on fleet: SimulatedFleet, images: [HardwareModel: PlannedImage],
        start: Instant, zones: any TimeZones, approvalAfter: Duration,
        bucket: (DeviceID) -> Bucket, place: @escaping @Sendable (DeviceID) -> Bucket
    ) throws(PlanError) {
        let context = SelectorContext(now: start, place: place)
        let devices = fleet.devices.map { $0.seen(at: start) }
        var census = FleetCensus(spec: spec, images: images, context: context)
        for device in devices { census.count(device, bucket: bucket) }
        let plan = try census.plan()
        let buckets = devices.map { bucket($0.id) }
        var devicesOfWave: [[Int]] = plan.waves.map { _ in [] }
        for (number, device) in devices.enumerated() {
            let decision = plan.candidacy(
                of: device, bucket: buckets[number], state: .completed(at: start),
                image: images[device.hardware], attempt: nil, paused: [], in: context)
            guard case .offer(let wave, _) = decision else { continue }
            devicesOfWave[wave].append(number)
        }
        self.plan = plan
        self.fleet = SimulatedFleet(devices)
        self.start = start
        self.images = images
        self.zones = zones
        approvalSeconds = max(0, approvalAfter.components.seconds)
        self.place = place
        self.buckets = buckets
        self.devicesOfWave = devicesOfWave
        groups = SimulatedGroups(of: devices, limits: spec.limits)
        scope = census.scope
        strata = SimulatedStrata(of: devices, reached: devicesOfWave.joined(), scope: scope)
        selected = devices.indices.filter {
            devices[$0].isActive && spec.selector.matches(devices[$0], in: context)
        }
        clocks = Self.clocks(of: devices, window: spec.limits.window)
    }

    func instant(_ time: Int64) -> Instant { start.advanced(by: .seconds(time)) }

    /// After the start.
    func seconds(until moment: Instant) -> Int64 {
        moment.elapsed(since: start).components.seconds
    }

    /// The devices that some wave reaches.
    public var candidateCount: Int { devicesOfWave.reduce(0) { $0 + $1.count } }

    /// Plays the rollout from its start to its end, or to the end of its lifetime.
    ///
    /// After a stop it goes on until no device holds a lease, because what is installed by then is
    /// harmed as well.
    ///
    /// - Parameter observer: Is told of everything that changes, in order.
    /// - Precondition: `behaviour` is sound.
    public func run(
        _ behaviour: FleetBehaviour, using random: inout some RandomNumberGenerator,
        observer: ((SimulationEvent) -> Void)? = nil
    ) -> SimulationOutcome {
        precondition(behaviour.isSound, "shares are from 0 to 1, and times have their limits")
        var run = SimulationRun(
            of: self, behaviour: behaviour, key: random.next(), observer: observer)
        return run.play()
    }

    /// Devices whose windows open together have the same number.
    private static func clocks(of devices: [DeviceFacts], window: MaintenanceWindow?) -> [Int] {
        guard let attribute = window?.zoneAttribute else { return devices.map { _ in 0 } }
        var numbers: [String?: Int] = [:]
        return devices.map { device in
            let zone = device.attributes[attribute]
            let number = numbers[zone] ?? numbers.count
            numbers[zone] = number
            return number
        }
    }
}

/// Something that changed in a simulated rollout; devices are numbered as in the fleet.
public enum SimulationEvent: Hashable, Sendable {
    case offered(device: Int, wave: Int, at: Instant)
    case ended(device: Int, Ending, at: Instant)
    case moved(RolloutState, at: Instant)
    /// Devices of this kind fail where others do not; they are offered nothing any more.
    case paused(Stratum, at: Instant)

    /// What became of a lease.
    public enum Ending: Hashable, Sendable, CaseIterable {
        case proven
        case failed
        case overdue
        /// Taken back before it was installed.
        case withdrawn
    }
}

/// What one run of a simulated rollout came to.
public struct SimulationOutcome: Hashable, Sendable {
    public internal(set) var state = RolloutState.draft
    /// For each wave that passed its gate, how long after the start it did.
    public internal(set) var passedAfter: [Duration] = []
    /// How long after the start the rollout reached its last state.
    public internal(set) var endedAfter = Duration.zero
    /// Leases, those of devices that are tried again included.
    public internal(set) var offered = 0
    /// How many of them were for devices that had failed before.
    public internal(set) var retried = 0
    public internal(set) var proven = 0
    /// Devices that reported a failure when they were last tried.
    public internal(set) var failed = 0
    /// Devices that were silent for too long when they were last tried.
    public internal(set) var overdue = 0
    /// Devices whose offer was taken back in time.
    public internal(set) var withdrawn = 0
    /// Devices on which the release really failed, whether that was heard of or not.
    public internal(set) var harmed = 0
    /// Devices that held a lease at the stop; those among ``withdrawn`` were spared.
    public internal(set) var inFlightAtStop = 0
    /// The strata in which failures concentrated, in the order in which they were named.
    public internal(set) var paused: [Stratum] = []

    /// The wave, from 0, in which the gate stopped the rollout; `nil` when it did not.
    public var stoppedInWave: Int? {
        guard case .paused(let wave, let reason, _) = state, reason.isHarm else { return nil }
        return wave
    }

    public var isCompleted: Bool {
        if case .completed = state { true } else { false }
    }
}

extension DeviceFacts {
    func seen(at moment: Instant) -> DeviceFacts {
        DeviceFacts(
            id: id, hardware: hardware, release: release, image: image, attributes: attributes,
            lastSeen: moment, standing: standing, pin: pin)
    }
}
