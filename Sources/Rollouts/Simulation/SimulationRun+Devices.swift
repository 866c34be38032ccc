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
        mark(device, at: now)
        wait(device, schedule, since: last, notBefore: now)
    }

    /// Sends a device that was seen at `last` to its next check-in.
    ///
    /// - Parameter moment: Nothing can come of a check-in before it.
    private mutating func wait(
        _ device: Int, _ schedule: DeviceSchedule, since last: Int64, notBefore moment: Int64
    ) {
        guard attempts[device].tries == 0 else {
            waitForRetry(device, schedule, since: last, notBefore: moment)
            return
        }
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
        ledger.set(device, to: .nothing)
        let next = schedule(of: device).nextCheckIn(after: now - overdueSeconds)
        add(device, at: next, as: .silent)
        askGateUnlessUndecided(at: now)
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
            image: simulation.images[facts.hardware],
            attempt: attempts[device].attempt(under: simulation),
            paused: Set(ledger.paused),
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
        openLeases += 1
        outcome.offered += 1
        if attempts[device].tries > 0 { outcome.retried += 1 }
        attempts[device].begin(in: wave, at: now)
        mark(device, at: now)
        limits.take(by: device, bytes: image.length, at: instant(now))
        observer?(.offered(device: device, wave: wave, at: instant(now)))
        let fate = fate(of: device)
        let broken = fate.brokenDownloadSeconds(try: attempts[device].tries)
        downloads[device] = schedule.end(ofWork: broken ?? fate.downloadSeconds, from: now)
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
            fail(device, .overdue, at: now)
        } else if now >= downloads[device] {
            endDownload(device, at: now)
        } else if isUnderWay && !ledger.isPaused(device) {
            renew(device, schedule(of: device), at: now)
        } else {
            withdraw(device, at: now)
        }
    }

    private mutating func endDownload(_ device: Int, at now: Int64) {
        let fate = fate(of: device)
        guard fate.brokenDownloadSeconds(try: attempts[device].tries) == nil else {
            return fail(device, .download, at: now)
        }
        beginTrial(device, fate, at: now)
    }

    /// From here on nothing can be taken back any more.
    private mutating func beginTrial(_ device: Int, _ fate: DeviceFate, at now: Int64) {
        expiries[device] = now + overdueSeconds
        let report =
            fate.fails && fate.isSilent
            ? DeviceSchedule.never
            : schedule(of: device).contact(from: now + fate.trialSeconds)
        add(device, at: min(report, expiries[device]), as: .trial)
    }

    mutating func finishTrial(_ device: Int, at now: Int64) {
        let fate = fate(of: device)
        if fate.fails, !isHarmed[device] {
            isHarmed[device] = true
            outcome.harmed += 1
        }
        if now >= expiries[device] {
            // One that is gone does not ask again, and one that has the release does not want it.
            fail(device, .overdue, at: now, mayAskAgain: fate.fails && !fate.isSilent)
        } else if fate.fails {
            fail(device, .health, at: now)
        } else {
            prove(device, at: now)
        }
    }

    // MARK: after a lease

    private mutating func prove(_ device: Int, at now: Int64) {
        giveBack(device, .proven, at: now)
        silence.note(exposure: now - attempts[device].issued)
        attempts[device].prove()
        outcome.proven += 1
        mark(device, at: now)
        limits.confirm(outcome.proven)
        askGateUnlessUndecided(at: now)
    }

    private mutating func fail(
        _ device: Int, _ kind: FailureClass, at now: Int64, mayAskAgain: Bool = true
    ) {
        giveBack(device, kind == .overdue ? .overdue : .failed, at: now)
        if kind == .overdue {
            silence.note(exposure: now - overdueSeconds - attempts[device].issued)
            silence.noteOverdue()
        }
        attempts[device].fail(kind, at: now, under: simulation)
        mark(device, at: now)
        // Until it counts, it is as undecided as before.
        if attempts[device].countsFrom <= now { askGate(at: now) }
        guard mayAskAgain, isUnderWay else { return }
        wait(device, schedule(of: device), since: now, notBefore: now)
    }

    private mutating func withdraw(_ device: Int, at now: Int64) {
        giveBack(device, .withdrawn, at: now)
        outcome.withdrawn += 1
        attempts[device].withdraw(under: simulation)
    }

    private mutating func giveBack(
        _ device: Int, _ ending: SimulationEvent.Ending, at now: Int64
    ) {
        phases[device] = .apart
        openLeases -= 1
        limits.free(device)
        observer?(.ended(device: device, ending, at: instant(now)))
    }

    // MARK: another try

    /// Sends a device that failed to the next check-in that may be its next try.
    ///
    /// A failure that does not count yet does so as soon as that try is overdue.
    private mutating func waitForRetry(
        _ device: Int, _ schedule: DeviceSchedule, since last: Int64, notBefore moment: Int64
    ) {
        guard let due = attempts[device].nextTry(under: simulation) else {
            phases[device] = .apart
            return
        }
        let next = schedule.nextCheckIn(after: max(last, moment - 1, due - 1))
        let counts = attempts[device].countsFrom
        add(device, at: counts > last ? min(next, counts) : next, as: .failed)
    }

    mutating func considerRetry(_ device: Int, at now: Int64) {
        if attempts[device].countsFrom == now {
            mark(device, at: now)
            askGate(at: now)
        }
        let schedule = schedule(of: device)
        if schedule.nextCheckIn(after: now - 1) == now {
            checkIn(device, at: now)
        } else {
            waitForRetry(device, schedule, since: now, notBefore: now)
        }
    }
}
