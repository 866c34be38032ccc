internal import Model

/// One rollout while it is played.
///
/// A device has one event ahead of it at most: what that is follows from its phase. Devices of waves
/// that are not open, and those that are done, have none.
struct SimulationRun {
    let simulation: RolloutSimulation
    let behaviour: FleetBehaviour
    let observer: ((SimulationEvent) -> Void)?
    private let key: UInt64
    var state = RolloutState.draft
    var outcome = SimulationOutcome()
    var queue: EventQueue
    var phases: [Phase]
    /// Until when a device with a lease may be silent, and when it has downloaded the image.
    var expiries: [Int64]
    var downloads: [Int64]
    /// The wave in which a device got its lease.
    var waves: [UInt8]
    var limits: LimitLedger
    var openLeases = 0
    /// Devices that an open wave reaches, that are alive and hold no lease.
    var waiting = 0
    var provenInWave: [Int]

    /// What a device does, and so what its next event is.
    enum Phase: UInt8 {
        /// No open wave reaches it, or all is decided; it has no event.
        case apart
        /// It checks in next.
        case waiting
        /// It will be silent for so long that the gate no longer waits for it.
        case fading
        /// It was; it checks in next.
        case silent
        /// It checks in, has the image, or is overdue next.
        case downloading
        /// It reports, or is overdue next.
        case trial
    }

    /// The number of events that are not about a device; that of a device is one more than its own.
    private static let gate = 0

    init(
        of simulation: RolloutSimulation, behaviour: FleetBehaviour, key: UInt64,
        observer: ((SimulationEvent) -> Void)?
    ) {
        let count = simulation.fleet.devices.count
        self.simulation = simulation
        self.behaviour = behaviour
        self.observer = observer
        self.key = key
        queue = EventQueue(capacity: count + 64)
        phases = Array(repeating: .apart, count: count)
        expiries = Array(repeating: 0, count: count)
        downloads = Array(repeating: 0, count: count)
        waves = Array(repeating: 0, count: count)
        limits = LimitLedger(of: simulation)
        provenInWave = simulation.plan.waves.map { _ in 0 }
    }

    var plan: RolloutPlan { simulation.plan }
    var overdueSeconds: Int64 { plan.spec.gate.overdueAfter.components.seconds }

    func instant(_ time: Int64) -> Instant { simulation.start.advanced(by: .seconds(time)) }

    // MARK: what is drawn

    private func key(of device: Int) -> UInt64 {
        SeededGenerator.mixed(key &+ UInt64(device) &* 0x9e37_79b9_7f4a_7c15)
    }

    func schedule(of device: Int) -> DeviceSchedule {
        DeviceSchedule(key: key(of: device), behaviour: behaviour)
    }

    func fate(of device: Int) -> DeviceFate {
        let facts = simulation.fleet.devices[device]
        var rate = behaviour.failureRate
        for (stratum, stratumRate) in behaviour.stratumFailureRates
        where facts.attributes[stratum.attribute] == stratum.value {
            rate = max(rate, stratumRate)
        }
        return DeviceFate(
            key: key(of: device), failureRate: rate,
            imageBytes: simulation.images[facts.hardware]?.length ?? 0, behaviour: behaviour)
    }

    // MARK: time

    mutating func play() -> SimulationOutcome {
        queue.add(at: plan.spec.lifetime.components.seconds, Self.gate)
        apply(.start(at: simulation.start), at: 0)
        while isUnderWay || openLeases > 0, let event = queue.next() {
            if event.number == Self.gate {
                askGate(at: event.time)
            } else {
                happen(event.number - 1, at: event.time)
            }
        }
        outcome.state = state
        return outcome
    }

    /// After a pause nobody resumes.
    var isUnderWay: Bool {
        switch state {
        case .running: true
        case .draft, .paused, .completed, .reverting, .aborted: false
        }
    }

    mutating func add(_ device: Int, at time: Int64, as phase: Phase) {
        phases[device] = phase
        queue.add(at: time, device + 1)
    }

    private mutating func happen(_ device: Int, at now: Int64) {
        switch phases[device] {
        case .apart: preconditionFailure("a device apart has no event")
        case .waiting: checkIn(device, at: now)
        case .fading: fall(device, silentAt: now)
        case .silent:
            waiting += 1
            checkIn(device, at: now)
        case .downloading: download(device, at: now)
        case .trial: finishTrial(device, at: now)
        }
    }

    // MARK: gate

    /// Asks the gate, as the server does after each report and when time may have changed its mind.
    mutating func askGate(at now: Int64) {
        guard let wave = plan.openWave(in: state) else { return }
        let evidence = WaveEvidence(
            proven: outcome.proven,
            failures: FailureCounts([.health: outcome.failed, .overdue: outcome.overdue]),
            provenInWave: provenInWave[...wave].reduce(0, +), undecided: openLeases + waiting,
            isApproved: isApproved(at: now), outside: passes(at: now))
        apply(.tick(at: instant(now), evidence), at: now)
    }

    /// A proof is evidence of health, so it stops nothing, and it opens nothing while others are
    /// undecided: the gate need not be asked.
    mutating func askGateAfterProof(at now: Int64) {
        guard openLeases + waiting == 0 else { return }
        askGate(at: now)
    }

    /// A simulation knows nothing of the world outside, and takes it to be well.
    private func passes(at now: Int64) -> [CheckName: AskedAnswer] {
        let checks = plan.spec.gate.checks
        guard !checks.isEmpty else { return [:] }
        return Dictionary(
            checks.map { ($0.name, AskedAnswer(.pass, asked: instant(now))) },
            uniquingKeysWith: { first, _ in first })
    }

    private func isApproved(at now: Int64) -> Bool {
        guard case .running(_, let since, _) = state else { return false }
        return instant(now).elapsed(since: since) >= .seconds(simulation.approvalSeconds)
    }

    private mutating func apply(_ event: RolloutEvent, at now: Int64) {
        let transition: Transition
        do { transition = try plan.transition(from: state, on: event) } catch {
            preconditionFailure("a simulation \(error)")
        }
        guard transition.state != state else { return }
        let before = plan.openWave(in: state)
        state = transition.state
        outcome.endedAfter = .seconds(now)
        observer?(.moved(state, at: instant(now)))
        switch state {
        case .running(let wave, _, _):
            if before != nil { outcome.passedAfter.append(.seconds(now)) }
            open(wave, at: now)
        case .completed: outcome.passedAfter.append(.seconds(now))
        case .paused, .aborted: outcome.inFlightAtStop = openLeases
        case .draft: preconditionFailure("no rollout becomes a draft again")
        case .reverting: preconditionFailure("nobody reverts a simulation")
        }
    }

    private mutating func open(_ wave: Int, at now: Int64) {
        let spec = plan.waves[wave].spec
        limits.open(wave)
        let soaked = now + spec.soak.components.seconds
        queue.add(at: soaked, Self.gate)
        if spec.needsApproval {
            queue.add(at: max(soaked, now + simulation.approvalSeconds), Self.gate)
        }
        for device in simulation.devicesOfWave[wave] { join(device, at: now) }
    }
}
