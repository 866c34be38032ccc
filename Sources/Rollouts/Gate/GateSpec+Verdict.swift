public import Model

extension GateSpec {
    /// The natural logarithm of the evidence that the release fails more often than is acceptable.
    ///
    /// - Precondition: `0 <= failures <= decided`.
    public func evidenceOfHarm(failures: Int, decided: Int) -> Double {
        EvidenceMixture.harm(allowedRate: maxFailureRate)
            .logarithm(failures: failures, decided: decided)
    }

    /// The natural logarithm of the evidence that the release fails less often than is acceptable.
    ///
    /// - Precondition: `0 <= failures <= decided`.
    public func evidenceOfHealth(failures: Int, decided: Int) -> Double {
        EvidenceMixture.health(allowedRate: maxFailureRate)
            .logarithm(failures: failures, decided: decided)
    }

    /// The natural logarithm of how much evidence is enough: of `(1 + m)/α`, with α = 1 -
    /// confidence and `m` classes that are counted by themselves.
    ///
    /// So all that can stop a rollout together errs with α at most.
    public var sufficientEvidence: Double {
        Logarithm.natural(Double(1 + classRates.count)) - Logarithm.natural(1 - confidence)
    }

    /// What the gate says of an open wave.
    ///
    /// It may be asked as often as one likes: the chance of ever stopping a release whose failure
    /// rate is acceptable stays below 1 - confidence. Whatever is not known holds.
    ///
    /// - Parameters:
    ///   - evidence: Counted since the last forgiveness.
    ///   - reached: The devices that the wave and all before it reached at planning, without those
    ///     that left the fleet since and had proven nothing.
    ///   - trace: Where what each rule says is written down.
    public func verdict(
        _ evidence: WaveEvidence, now: Instant, waveOpened: Instant, soak: Duration, reached: Int,
        trace: inout GateTrace
    ) -> GateVerdict {
        let main = main(of: evidence)
        let excuse = excuse(evidence)
        if excuse == nil, let stop = harm(in: main, trace: &trace) { return stop }
        if let stop = harmInClasses(evidence, trace: &trace) { return stop }
        if let stop = outsideFailure(evidence.outside, waveOpened: waveOpened, now: now) {
            return trace.refused(.outside, stop)
        }
        guard now.elapsed(since: waveOpened) >= soak else {
            return trace.refused(.soak, .hold(.soaking(until: waveOpened.advanced(by: soak))))
        }
        trace.passed(.soak, "open since \(waveOpened), soaks for \(DurationText.write(soak))")
        let needed = confirmations(amongReached: reached)
        guard evidence.provenInWave >= needed else {
            return trace.refused(
                .confirmed, .hold(.tooFewConfirmed(have: evidence.provenInWave, need: needed)))
        }
        trace.passed(.confirmed, "\(evidence.provenInWave) are proven, \(needed) are needed")
        let failed = evidence.failures.total
        guard failed == 0 || failed < max(evidence.proven, evidence.provenInWave) else {
            return trace.refused(
                .majority, .hold(.mostlyFailed(failed: failed, proven: evidence.proven)))
        }
        trace.passed(.majority, "\(failed) failed, \(evidence.proven) are proven")
        if let excuse { return trace.refused(.silence, .hold(excuse)) }
        guard evidence.undecided == 0 else {
            return trace.refused(.undecided, .hold(.undecided(evidence.undecided)))
        }
        trace.passed(.undecided, "no device is undecided")
        if let doubt = requirement(main, trace: &trace) { return doubt }
        guard let doubt = outsideDoubt(evidence.outside, waveOpened: waveOpened, now: now) else {
            if !checks.isEmpty { trace.passed(.outside, "all \(checks.count) checks passed") }
            return .promote
        }
        return trace.refused(.outside, .hold(doubt))
    }

    /// The same for those who only want the answer.
    public func verdict(
        _ evidence: WaveEvidence, now: Instant, waveOpened: Instant, soak: Duration, reached: Int
    ) -> GateVerdict {
        var trace = GateTrace.off
        return verdict(
            evidence, now: now, waveOpened: waveOpened, soak: soak, reached: reached,
            trace: &trace)
    }

    /// Whether silent devices alone would stop the wave, so that it matters who else is silent.
    public func dependsOnSilence(_ evidence: WaveEvidence) -> Bool {
        guard classRates[.overdue] == nil, evidence.failures[.overdue] > 0 else { return false }
        let main = main(of: evidence)
        let reported = DecidedCount(
            proven: main.proven, failed: main.failed - evidence.failures[.overdue])
        return isHarm(main) && !isHarm(reported)
    }

    /// The devices that count against the one rate, as far as they are decided.
    private func main(of evidence: WaveEvidence) -> DecidedCount {
        DecidedCount(proven: evidence.proven, failed: evidence.failures.total(of: mainClasses))
    }

    private func isHarm(_ count: DecidedCount) -> Bool {
        evidenceOfHarm(failures: count.failed, decided: count.decided) >= sufficientEvidence
    }

    private func harm(in main: DecidedCount, trace: inout GateTrace) -> GateVerdict? {
        guard !isHarm(main) else {
            return trace.refused(.harm, .stop(failures: main.failed, decided: main.decided))
        }
        trace.passed(
            .harm,
            "\(main.failed) of \(main.decided) failed: evidence "
                + Self.weighed(
                    evidenceOfHarm(failures: main.failed, decided: main.decided),
                    sufficientEvidence))
        return nil
    }

    private func harmInClasses(
        _ evidence: WaveEvidence, trace: inout GateTrace
    ) -> GateVerdict? {
        let decided = evidence.proven + evidence.failures.total
        for (kind, rate) in classRates.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let failures = evidence.failures[kind]
            let harm = EvidenceMixture.harm(allowedRate: rate)
                .logarithm(failures: failures, decided: decided)
            guard harm < sufficientEvidence else {
                return trace.refused(
                    .classes, .stopClass(kind, failures: failures, decided: decided))
            }
            trace.passed(
                .classes,
                "\(kind.rawValue): \(failures) of \(decided) failed: evidence "
                    + Self.weighed(harm, sufficientEvidence))
        }
        return nil
    }

    /// Such as `2.1 of the 20.0 that stop it`.
    private static func weighed(_ evidence: Double, _ sufficient: Double) -> String {
        "\(FigureText.write(Logarithm.exponential(evidence))) of the "
            + "\(FigureText.write(Logarithm.exponential(sufficient))) that stop it"
    }

    /// Why silence that would stop the wave is no evidence against the release; `nil` if it is.
    private func excuse(_ evidence: WaveEvidence) -> GateVerdict.HoldReason? {
        guard dependsOnSilence(evidence), let control = evidence.control else { return nil }
        let overdue = evidence.failures[.overdue]
        let reported = evidence.failures.total(of: mainClasses) - overdue
        let updated = OverdueGrading.Updated(
            proven: evidence.proven, failed: reported, overdue: overdue)
        switch OverdueGrading(gate: self).grade(updated, beside: control) {
        case .failed: return nil
        case .undecided(let count):
            return .silentElsewhere(overdue: count, silent: control.silent, of: control.count)
        }
    }

    /// Why what has to be known is not; `nil` when it is.
    private func requirement(_ main: DecidedCount, trace: inout GateTrace) -> GateVerdict? {
        switch require {
        case .noEvidenceOfHarm: return nil
        case .evidenceOfHealth:
            let health = evidenceOfHealth(failures: main.failed, decided: main.decided)
            guard health >= sufficientEvidence else {
                return trace.refused(
                    .health,
                    .hold(
                        .noEvidenceOfHealth(
                            have: Logarithm.exponential(health),
                            need: Logarithm.exponential(sufficientEvidence))))
            }
            trace.passed(.health, "there is evidence of health")
            return nil
        }
    }
}
