internal import Model

extension SimulationRun {
    /// A device's wave opens: what it did unobserved until now follows from its schedule.
    mutating func join(_ device: Int, at now: Int64) {
        let schedule = schedule(of: device)
        let last = schedule.lastCheckIn(until: now)
        guard now - last < overdueSeconds else {
            add(device, at: schedule.nextCheckIn(after: now), as: .silent)
            return
        }
        waiting += 1
        wait(device, schedule, since: last, notBefore: now)
    }

    /// Sends a device that was seen at `last` to its next check-in.
    ///
    /// - Parameter moment: Nothing can come of a check-in before it.
    private mutating func wait(
        _ device: Int, _ schedule: DeviceSchedule, since last: Int64, notBefore moment: Int64
    ) {
        let next = schedule.nextCheckIn(after: last)
        if next - last >= overdueSeconds {
            add(device, at: last + overdueSeconds, as: .fading)
        } else if next >= moment {
            add(device, at: next, as: .waiting)
        } else {
            add(device, at: schedule.checkIn(after: last, notBefore: moment), as: .waiting)
        }
    }

    /// The gate no longer waits for a device that was silent for so long.
    mutating func fall(_ device: Int, silentAt now: Int64) {
        waiting -= 1
        let next = schedule(of: device).nextCheckIn(after: now - overdueSeconds)
        add(device, at: next, as: .silent)
        askGate(at: now)
    }

    // MARK: admission

    mutating func checkIn(_ device: Int, at now: Int64) {
        guard isUnderWay else {
            phases[device] = .apart
            return
        }
        let schedule = schedule(of: device)
        if let moment = limits.refusal(of: device, openLeases: openLeases, at: now) {
            wait(device, schedule, since: now, notBefore: moment)
            return
        }
        let moment = instant(now)
        let facts = simulation.fleet.devices[device].seen(at: moment)
        limits.turn(to: moment)
        let counts = limits.counts(
            for: device, openLeases: openLeases, confirmed: outcome.proven)
        let decision = plan.admission(
            of: facts, bucket: simulation.buckets[device], state: state,
            image: simulation.images[facts.hardware], attempt: nil, paused: [],
            in: SelectorContext(now: moment, place: simulation.place), zones: simulation.zones,
            counts: { counts })
        switch decision {
        case .offer(let wave, let image):
            lease(device, schedule, wave: wave, image, at: now)
        case .no(let refusal):
            let next = limits.learn(refusal, by: device, at: now)
            wait(device, schedule, since: now, notBefore: next)
        }
    }

    private mutating func lease(
        _ device: Int, _ schedule: DeviceSchedule, wave: Int, _ image: PlannedImage, at now: Int64
    ) {
        waiting -= 1
        openLeases += 1
        outcome.offered += 1
        limits.take(by: device, bytes: image.length, at: instant(now))
        observer?(.offered(device: device, wave: wave, at: instant(now)))
        waves[device] = UInt8(wave)
        downloads[device] = schedule.end(ofWork: fate(of: device).downloadSeconds, from: now)
        renew(device, schedule, at: now)
    }

    // MARK: with a lease

    private mutating func renew(_ device: Int, _ schedule: DeviceSchedule, at now: Int64) {
        expiries[device] = now + overdueSeconds
        let next = min(schedule.nextCheckIn(after: now), downloads[device])
        add(device, at: min(next, expiries[device]), as: .downloading)
    }

    mutating func download(_ device: Int, at now: Int64) {
        if now >= expiries[device] {
            end(device, .overdue, at: now)
        } else if now >= downloads[device] {
            beginTrial(device, at: now)
        } else if isUnderWay {
            renew(device, schedule(of: device), at: now)
        } else {
            end(device, .withdrawn, at: now)
        }
    }

    /// From here on nothing can be taken back any more.
    private mutating func beginTrial(_ device: Int, at now: Int64) {
        let fate = fate(of: device)
        expiries[device] = now + overdueSeconds
        let report =
            fate.fails && fate.isSilent
            ? DeviceSchedule.never
            : schedule(of: device).contact(from: now + fate.trialSeconds)
        add(device, at: min(report, expiries[device]), as: .trial)
    }

    mutating func finishTrial(_ device: Int, at now: Int64) {
        let fate = fate(of: device)
        if fate.fails { outcome.harmed += 1 }
        if now >= expiries[device] {
            end(device, .overdue, at: now)
        } else {
            end(device, fate.fails ? .failed : .proven, at: now)
        }
    }

    private mutating func end(_ device: Int, _ ending: SimulationEvent.Ending, at now: Int64) {
        phases[device] = .apart
        openLeases -= 1
        limits.free(device)
        observer?(.ended(device: device, ending, at: instant(now)))
        switch ending {
        case .proven:
            outcome.proven += 1
            provenInWave[Int(waves[device])] += 1
            limits.confirm(outcome.proven)
            askGateAfterProof(at: now)
        case .failed:
            outcome.failed += 1
            askGate(at: now)
        case .overdue:
            outcome.overdue += 1
            askGate(at: now)
        case .withdrawn: outcome.withdrawn += 1
        }
    }
}
