/// Names the strata in which the failures of a rollout concentrate, while it goes on.
///
/// With `E(s)` the gate's evidence of harm in stratum `s`, `E` that in all devices, `M` pairs looked
/// at and α = 1 - confidence, `s` is named when at least two of its devices failed, and
///
/// 1. `E < 1/α`, so that the others make up for it and the gate does not stop, and
///    `E(s) ≥ 2M/α`; or
/// 2. `E ≥ 1/α`, `E(s) ≥ 1/α`, the failures lie in `s` beyond chance (Fisher's exact test given the
///    totals, times the number of strata with two decided devices, is at most 1/2), and without the
///    named strata there is no evidence of harm, or `E(s) ≥ 2M/α` as well. The alternative is to
///    stop everything.
///
/// Be the true rate of every device p0 at most. By Ville's inequality each `E(s)` ever reaches
/// `2M/α` with a chance of α/2M, so rule 1 errs with α/2 at most. `E` ever reaches `1/α` with α at
/// most. Given which reports are failures, strata that do not matter are dealt out at random, and
/// Fisher's test with Bonferroni's correction then errs with 1/2 at most: rule 2 errs with α/2 too,
/// as it is asked once, because what it does not explain stops the rollout. So any stratum is
/// ever wrongly named with a chance of at most α. Where every device fails too often, rule 2 may
/// name a stratum by chance; the others go on to collect evidence of harm, and stop.
public struct FailureAttribution: Sendable {
    private let harm: EvidenceMixture
    private let sufficient: Double
    private let sufficientAlone: Double

    /// The fewest failures that are a concentration.
    public static let fewestFailures = 2
    /// How often rule 2 may find a concentration where there is none.
    static let levelOfConcentration = 0.5

    /// - Parameter pairCount: How many pairs of attribute and value the rollout's devices have, in
    ///   the attributes that are looked at. It is known before the first report and must not depend
    ///   on the reports.
    public init(gate: GateSpec, pairCount: Int) {
        precondition(pairCount >= 1, "at least one stratum is looked at")
        harm = EvidenceMixture.harm(allowedRate: gate.maxFailureRate)
        sufficient = gate.sufficientEvidence
        sufficientAlone = sufficient + Logarithm.natural(2 * Double(pairCount))
    }

    /// The strata to name now, the one with the best evidence first.
    ///
    /// All are values of one attribute, so that no device is in two of them. Ask again, with their
    /// devices left out, for those of other attributes. Only then ask the gate, which judges the
    /// devices that are left.
    ///
    /// It may be asked after every report, until the gate stops.
    public func findings(in devices: DecidedDevices) -> [StratumFinding] {
        var found: [StratumFinding] = []
        var left = devices
        // Each finding takes a stratum away, so the table bounds the loop.
        while let next = best(in: left) {
            found.append(next)
            left = DecidedDevices(
                total: next.elsewhere,
                strata: left.strata.filter {
                    $0.key.attribute == next.attribute && $0.key != next.stratum
                })
        }
        guard evidence(left.total) >= sufficient else { return found }
        return found.filter { $0.evidence >= sufficientAlone }
    }

    private func best(in devices: DecidedDevices) -> StratumFinding? {
        guard devices.total.failed >= Self.fewestFailures else { return nil }
        let stops = evidence(devices.total) >= sufficient
        let level = stops ? sufficient : sufficientAlone
        let candidates = devices.strata.compactMap { stratum, inside -> StratumFinding? in
            guard inside.failed >= Self.fewestFailures else { return nil }
            let finding = StratumFinding(
                stratum: stratum, devices: inside, elsewhere: devices.total.without(inside),
                evidence: evidence(inside))
            return finding.evidence >= level ? finding : nil
        }
        guard stops else { return candidates.min { $0.precedes($1) } }
        let tested = devices.strata.values.count { $0.decided >= Self.fewestFailures }
        return candidates.filter { $0.isBeyondChance(amongStrata: tested) }
            .min { $0.precedes($1) }
    }

    private func evidence(_ count: DecidedCount) -> Double {
        harm.logarithm(failures: count.failed, decided: count.decided)
    }
}

extension StratumFinding {
    fileprivate func isBeyondChance(amongStrata tested: Int) -> Bool {
        let chance = Hypergeometric(
            population: devices.decided + elsewhere.decided,
            marked: devices.failed + elsewhere.failed, drawn: devices.decided)
        let level = FailureAttribution.levelOfConcentration / Double(tested)
        return chance.ofAtLeast(devices.failed) <= level
    }
}
