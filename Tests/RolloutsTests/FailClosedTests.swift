import Model
import Rollouts
import Testing

/// P3: gates that others open, and this one does not.
@Suite struct FailClosedTests {
    private static func verdict(
        reached: Int, proven: Int, failures: [FailureClass: Int] = [:], undecided: Int = 0,
        control: OverdueGrading.Control? = nil,
        _ change: (inout RolloutFile.Gate) -> Void = { _ in }
    ) throws -> GateVerdict {
        let file = RolloutFile.plain.with {
            $0.gate = RolloutFile.Gate()
            change(&$0.gate)
        }
        return try RolloutSpec(file).gate.verdict(
            WaveEvidence(
                proven: proven, failures: FailureCounts(failures), provenInWave: proven,
                undecided: undecided, control: control),
            now: at(60), waveOpened: at(0), soak: .seconds(60), reached: reached)
    }

    private static func opens(_ verdict: GateVerdict) -> Bool { verdict == .promote }

    /// Half of a group fails: whatever the group's size and the class, nothing opens.
    @Test(arguments: 1...100, FailureClass.allCases)
    func halfOfAGroupFails(pairs: Int, kind: FailureClass) throws {
        let verdict = try Self.verdict(reached: 2 * pairs, proven: pairs, failures: [kind: pairs])
        #expect(!Self.opens(verdict), "\(verdict)")
    }

    /// The author asks for one proof only: half of a group is still not enough.
    @Test(arguments: 1...100)
    func halfOfAGroupFailsThoughOneProofIsAskedFor(pairs: Int) throws {
        let verdict = try Self.verdict(
            reached: 2 * pairs, proven: pairs, failures: [.health: pairs]
        ) { $0.minConfirmed = 1 }
        #expect(!Self.opens(verdict), "\(verdict)")
    }

    /// Half of a small group is taken out by an operator: the rest is not more than half.
    @Test(arguments: 1...19)
    func halfOfAGroupIsCancelled(pairs: Int) throws {
        let verdict = try Self.verdict(reached: 2 * pairs, proven: pairs)
        #expect(verdict == .hold(.tooFewConfirmed(have: pairs, need: pairs + 1)))
        #expect(try Self.opens(Self.verdict(reached: 2 * pairs, proven: pairs + 1)))
    }

    @Test func moreThanTwentyProofsAreOnlyAskedForByTheAuthor() throws {
        #expect(try Self.opens(Self.verdict(reached: 1_000_000, proven: 20)))
        #expect(try !Self.opens(Self.verdict(reached: 1_000_000, proven: 19)))
        let asked = try Self.verdict(reached: 1_000_000, proven: 20) { $0.minConfirmed = 21 }
        #expect(asked == .hold(.tooFewConfirmed(have: 20, need: 21)))
    }

    @Test func asManyFailuresAsProofsHoldThoughTheyAreNoEvidence() throws {
        let verdict = try Self.verdict(reached: 2, proven: 1, failures: [.boot: 1]) {
            $0.minConfirmed = 1
        }
        #expect(verdict == .hold(.mostlyFailed(failed: 1, proven: 1)))
    }

    /// A class of its own stops by itself, and does not count for the others.
    @Test func classesAreCountedByThemselves() throws {
        func change(_ gate: inout RolloutFile.Gate) { gate.perClass = ["download": "30%"] }
        let some = try Self.verdict(
            reached: 100, proven: 90, failures: [.download: 10], change)
        #expect(some == .promote, "ten of a hundred downloads may fail")
        #expect(
            try Self.verdict(reached: 100, proven: 90, failures: [.health: 10], change)
                == .stop(failures: 10, decided: 100))
        #expect(
            try Self.verdict(reached: 100, proven: 30, failures: [.download: 70], change)
                == .stopClass(.download, failures: 70, decided: 100))
    }

    /// Both counts together err with α at most, so each needs more evidence than one alone.
    @Test func evidenceIsSharedAmongClasses() throws {
        let plain = try RolloutSpec(.plain).gate.sufficientEvidence
        let shared = try RolloutSpec(
            .plain.with { $0.gate.perClass = ["download": "30%"] }
        ).gate.sufficientEvidence
        #expect(abs(shared - plain - 0.6931471805599453) < 1e-12)
    }

    @Test func silenceThatOthersShareHoldsAndNeverOpens() throws {
        let silence: [FailureClass: Int] = [.overdue: 6]
        let alone = try Self.verdict(reached: 60, proven: 30, failures: silence)
        #expect(alone == .stop(failures: 6, decided: 36), "nobody else was watched")
        let quiet = OverdueGrading.Control(silent: 0, count: 500)
        #expect(
            try Self.verdict(reached: 60, proven: 30, failures: silence, control: quiet)
                == .stop(failures: 6, decided: 36))
        let outage = OverdueGrading.Control(silent: 90, count: 500)
        #expect(
            try Self.verdict(reached: 60, proven: 30, failures: silence, control: outage)
                == .hold(.silentElsewhere(overdue: 6, silent: 90, of: 500)))
        // Failures that were reported stop it all the same.
        #expect(
            try Self.verdict(
                reached: 60, proven: 30, failures: [.overdue: 6, .health: 6], control: outage)
                == .stop(failures: 12, decided: 42))
    }

    @Test func othersAreWatchedOnlyWhereTheirSilenceMatters() throws {
        let gate = try RolloutSpec(.plain).gate
        func depends(_ failures: [FailureClass: Int], proven: Int = 30) -> Bool {
            gate.dependsOnSilence(
                WaveEvidence(
                    proven: proven, failures: FailureCounts(failures), provenInWave: proven,
                    undecided: 0))
        }
        #expect(depends([.overdue: 6]))
        #expect(!depends([.overdue: 1]), "that does not stop it")
        #expect(!depends([.health: 6]), "nobody is silent")
        #expect(!depends([.health: 6, .overdue: 6]), "it stops anyway")
    }
}
