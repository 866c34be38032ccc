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
    var attempts: [SimulatedAttempt]
    /// Until when a device with a lease may be silent, and when its download ends.
    var expiries: [Int64]
    var downloads: [Int64]
    var isHarmed: [Bool]
    var limits: LimitLedger
    var openLeases = 0
    var ledger: EvidenceLedger
    var silence = SilenceWatch()
    private let attribution: FailureAttribution?

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
        /// It failed; it checks in to be tried again next, or its failure begins to count.
        case failed

        var holdsLease: Bool {
            switch self {
            case .apart, .waiting, .fading, .silent, .failed: false
            case .downloading, .trial: true
            }
        }
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
        attempts = Array(repeating: SimulatedAttempt(), count: count)
        expiries = Array(repeating: 0, count: count)
        downloads = Array(repeating: 0, count: count)
        isHarmed = Array(repeating: false, count: count)
        limits = LimitLedger(of: simulation)
        ledger = EvidenceLedger(of: simulation)
        let pairCount = simulation.scope.pairCount
        attribution =
            pairCount > 0
            ? FailureAttribution(gate: simulation.plan.spec.gate, pairCount: pairCount) : nil
    }

    var plan: RolloutPlan { simulation.plan }
    var overdueSeconds: Int64 { plan.spec.gate.overdueAfter.components.seconds }

    func instant(_ time: Int64) -> Instant { simulation.instant(time) }

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
        outcome.paused = ledger.paused
        for attempt in attempts where attempt.standing == .failed {
            if attempt.kind == .overdue { outcome.overdue += 1 } else { outcome.failed += 1 }
        }
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
        guard phases[device].holdsLease || !ledger.isPaused(device) else {
            phases[device] = .apart
            return
        }
        switch phases[device] {
        case .apart: preconditionFailure("a device apart has no event")
        case .waiting: checkIn(device, at: now)
        case .fading: fall(device, silentAt: now)
        case .silent:
            mark(device, at: now)
            checkIn(device, at: now)
        case .downloading: download(device, at: now)
        case .trial: finishTrial(device, at: now)
        case .failed: considerRetry(device, at: now)
        }
    }

    /// Counts the device as what it has come to.
    mutating func mark(_ device: Int, at now: Int64) {
        ledger.set(device, to: attempts[device].mark(at: now))
    }

    // MARK: gate

    /// Asks the gate, as the server does after each report and when time may have changed its mind.
    mutating func askGate(at now: Int64) {
        guard let wave = plan.openWave(in: state) else { return }
        pauseFailingStrata(at: now)
        let undoubted = evidence(in: wave, control: nil, at: now)
        let control = silence.control(for: undoubted, in: self, at: now)
        apply(.tick(at: instant(now), evidence(in: wave, control: control, at: now)), at: now)
    }

    /// The same when no device has failed.
    ///
    /// That is no evidence of harm, so it stops nothing and names no stratum, unless silence had
    /// been excused; and while others are undecided it opens nothing.
    mutating func askGateUnlessUndecided(at now: Int64) {
        guard ledger.undecided == 0 || silence.isExcused else { return }
        askGate(at: now)
    }

    private func evidence(
        in wave: Int, control: OverdueGrading.Control?, at now: Int64
    ) -> WaveEvidence {
        WaveEvidence(
            proven: ledger.proven, failures: ledger.failures,
            provenInWave: ledger.proven(upTo: wave), undecided: ledger.undecided,
            isApproved: isApproved(at: now), control: control, outside: passes(at: now))
    }

    /// Names the kinds of devices that fail where others do not, before the gate judges the rest.
    private mutating func pauseFailingStrata(at now: Int64) {
        guard let attribution else { return }
        while ledger.attributed.failed >= FailureAttribution.fewestFailures {
            let findings = attribution.findings(in: ledger.decided)
            guard !findings.isEmpty else { return }
            for finding in findings {
                ledger.pause(finding.stratum)
                observer?(.paused(finding.stratum, at: instant(now)))
            }
        }
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
        for device in simulation.devicesOfWave[wave] where !ledger.isPaused(device) {
            join(device, at: now)
        }
    }
}
