import Model
import Rollouts
import Testing

/// Devices that failed and are tried again.
@Suite struct RetryTests {
    private static let policy = RetryPolicy(
        max: 3, backoff: .seconds(600), classes: [.download, .boot])

    @Test func eachPauseIsTwiceAsLong() {
        let moments = (1...4).map { Self.policy.nextTry(after: .boot, at: at(0), tries: $0) }
        #expect(moments == [at(600), at(1200), at(2400), nil])
    }

    @Test func noPauseIsLongerThanADay() {
        let patient = RetryPolicy(max: 20, backoff: .seconds(600), classes: [.boot])
        #expect(patient.nextTry(after: .boot, at: at(0), tries: 20) == at(86_400))
    }

    @Test func otherClassesAreNotTriedAgain() {
        #expect(Self.policy.nextTry(after: .health, at: at(0), tries: 1) == nil)
        #expect(RetryPolicy.none.nextTry(after: .download, at: at(0), tries: 1) == nil)
    }

    /// P2: a try that nobody begins counts as the failure that it was.
    @Test func aFailureThatLeftTheOldImageCountsOnceItsNextTryIsOverdue() {
        func counts(_ kind: FailureClass, tries: Int) -> Instant {
            Self.policy.counts(
                from: kind, at: at(10), tries: tries, overdueAfter: .seconds(7200))
        }
        #expect(counts(.download, tries: 1) == at(10 + 600 + 7200))
        #expect(counts(.download, tries: 4) == at(10), "nothing is left to try")
        #expect(counts(.boot, tries: 1) == at(10), "a new image was tried, and failed")
        #expect(counts(.install, tries: 1) == at(10), "it is not tried again")
    }

    /// What admission makes of it.
    @Test func admissionWaitsForTheNextTry() throws {
        let plan = try RolloutPlan.restored(
            .plain.with { $0.retries = .init(max: 1, backoff: "10m", classes: ["boot"]) })
        func decision(_ attempt: Attempt, now: Int64) throws -> AdmissionDecision {
            try plan.admission(
                of: device(), bucket: bucket(0), state: TransitionTests.running(0, 0),
                image: image(), attempt: attempt, paused: [],
                in: SelectorContext(now: at(now), place: spread), zones: FakeTimeZones(),
                counts: { LimitCounts(openLeases: 0) })
        }
        let failed = Attempt.failed(.boot, at: at(100), tries: 1)
        #expect(
            try decision(failed, now: 699) == .no(.retryNotDue(.boot, until: at(700))))
        #expect(try decision(failed, now: 700) == .offer(wave: 0, image()))
        #expect(
            try decision(.failed(.boot, at: at(100), tries: 2), now: 9999)
                == .no(.attemptFailed(.boot)))
    }

    @Test func whatIsTriedAgainByDefaultNeverHurtADevice() throws {
        let spec = try RolloutSpec(.plain.with { $0.retries = .init() })
        #expect(spec.retries.max == 3)
        #expect(spec.retries.backoff == .seconds(600))
        #expect(spec.retries.classes == [.download, .install, .overdue])
        #expect(try RolloutSpec(.plain).retries == .none)
    }
}
