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

    /// The natural logarithm of how much evidence is enough: of 1/α, with α = 1 - confidence.
    public var sufficientEvidence: Double { -Logarithm.natural(1 - confidence) }

    /// What the gate says of an open wave.
    ///
    /// It may be asked as often as one likes: the chance of ever stopping a release whose failure
    /// rate is acceptable stays below 1 - confidence. Whatever is not known holds.
    ///
    /// - Parameter evidence: Counted since the last forgiveness.
    public func verdict(
        _ evidence: WaveEvidence, now: Instant, waveOpened: Instant, soak: Duration
    ) -> GateVerdict {
        let failures = evidence.failed
        let decided = evidence.proven + failures
        guard evidenceOfHarm(failures: failures, decided: decided) < sufficientEvidence else {
            return .stop(failures: failures, decided: decided)
        }
        if let failure = outsideFailure(evidence.outside, waveOpened: waveOpened, now: now) {
            return failure
        }
        guard now.elapsed(since: waveOpened) >= soak else {
            return .hold(.soaking(until: waveOpened.advanced(by: soak)))
        }
        guard evidence.provenInWave >= minConfirmed else {
            return .hold(.tooFewConfirmed(have: evidence.provenInWave, need: minConfirmed))
        }
        guard evidence.undecided == 0 else { return .hold(.undecided(evidence.undecided)) }
        let reason =
            requirement(failures: failures, decided: decided)
            ?? outsideDoubt(evidence.outside, waveOpened: waveOpened, now: now)
        return reason.map(GateVerdict.hold) ?? .promote
    }

    private func requirement(failures: Int, decided: Int) -> GateVerdict.HoldReason? {
        switch require {
        case .noEvidenceOfHarm: return nil
        case .evidenceOfHealth:
            let health = evidenceOfHealth(failures: failures, decided: decided)
            guard health < sufficientEvidence else { return nil }
            return .noEvidenceOfHealth(
                have: Logarithm.exponential(health),
                need: Logarithm.exponential(sufficientEvidence))
        }
    }
}
