internal import Model

/// How silent devices are that were offered nothing, looked at when that decides on a stop.
struct SilenceWatch {
    /// What was seen since the newest device was overdue; `nil` while nobody looked.
    private var seen: OverdueGrading.Control?
    /// Whether silence would have stopped the wave when the gate was asked last.
    private(set) var isExcused = false
    /// How long devices were under watch altogether, from their offer to their proof or silence.
    private var exposureSeconds: Int64 = 0
    private var exposureCount: Int64 = 0

    private static let shortestExposureSeconds: Int64 = 60

    /// Once another device is overdue, what was seen before excuses nobody.
    mutating func noteOverdue() { seen = nil }

    mutating func note(exposure seconds: Int64) {
        exposureSeconds += max(0, seconds)
        exposureCount += 1
    }

    /// What the gate is to compare its overdue devices with; `nil` while it need not.
    mutating func control(
        for evidence: WaveEvidence, in run: SimulationRun, at now: Int64
    ) -> OverdueGrading.Control? {
        isExcused = run.plan.spec.gate.dependsOnSilence(evidence)
        if isExcused, seen == nil { seen = look(at: run, at: now) }
        return seen
    }

    /// Counts those that were alive when the newest of the overdue was heard of last.
    ///
    /// Alive is who had been heard of within the time that an update takes.
    private func look(at run: SimulationRun, at now: Int64) -> OverdueGrading.Control {
        let end = now - run.overdueSeconds
        let mean = exposureCount > 0 ? exposureSeconds / exposureCount : 0
        let begin = end - max(Self.shortestExposureSeconds, mean)
        var (silent, count) = (0, 0)
        for device in run.simulation.selected where run.attempts[device].tries == 0 {
            let last = run.schedule(of: device).lastCheckIn(until: now)
            guard last > begin else { continue }
            count += 1
            if last <= end { silent += 1 }
        }
        return OverdueGrading.Control(silent: silent, count: count)
    }
}
