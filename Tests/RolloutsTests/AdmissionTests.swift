import Model
import Rollouts
import Testing

@Suite struct AdmissionTests {
    static let open = TransitionTests.running(0, 0)

    /// The decision for a device that the first wave reaches, unless something is said otherwise.
    private static func decision(
        of facts: DeviceFacts? = nil, place: UInt64 = 0, state: RolloutState = open,
        image offered: PlannedImage?? = nil, openLeases: Int = 0, attempt: Attempt? = nil,
        _ change: (inout RolloutFile) -> Void = { _ in }
    ) throws -> AdmissionDecision {
        try RolloutPlan.restored(.plain.with(change)).admission(
            of: facts ?? device(), bucket: bucket(place), state: state,
            image: offered ?? image(), attempt: attempt, paused: [], in: .plain,
            zones: FakeTimeZones(),
            counts: { LimitCounts(openLeases: openLeases) })
    }

    @Test func offersInsideTheOpenWave() throws {
        #expect(try Self.decision() == .offer(wave: 0, image()))
        #expect(try Self.decision(openLeases: 2) == .offer(wave: 0, image()))
        let second = TransitionTests.running(1, 0)
        #expect(try Self.decision(place: .max, state: second) == .offer(wave: 1, image()))
    }

    @Test func aCompletedRolloutStillOffersToLatecomers() throws {
        let state = TransitionTests.completed
        #expect(try Self.decision(place: .max, state: state) == .offer(wave: 1, image()))
    }

    static let closed: [RolloutState] = [
        .draft, TransitionTests.paused(1),
        TransitionTests.paused(0, TransitionTests.failed(2, of: 2)),
        TransitionTests.aborted, TransitionTests.expired,
    ]

    @Test(arguments: closed)
    func offersNothingUnlessRunningOrCompleted(state: RolloutState) throws {
        #expect(try Self.decision(state: state) == .no(.notRunning(state)))
    }

    static let attempts: [(Attempt, AdmissionRefusal)] =
        [(.underWay, .holdsLease), (.proven, .attemptProven)]
        + FailureClass.allCases.map { (.failed($0, at: at(0), tries: 1), .attemptFailed($0)) }

    @Test(arguments: attempts)
    func aDeviceHasOneAttempt(attempt: Attempt, refusal: AdmissionRefusal) throws {
        #expect(try Self.decision(attempt: attempt) == .no(refusal))
    }

    @Test func doesNotOfferToTheIneligible() throws {
        func reason(_ decision: AdmissionDecision) -> Ineligibility? {
            guard case .no(.ineligible(let reason)) = decision else { return nil }
            return reason
        }
        #expect(try reason(Self.decision { $0.devices = "not all" }) == .notSelected)
        #expect(try reason(Self.decision(of: device(standing: .retired))) == .retired)
        #expect(try reason(Self.decision(image: .some(nil))) == .wrongHardware(model("gw-2")))
        #expect(try reason(Self.decision(of: device(image: 2))) == .alreadyInstalled)
        #expect(
            try reason(Self.decision(of: device(running: "acme-gateway 3")))
                == .downgrade(from: version("3")))
        #expect(
            try reason(Self.decision(image: image(from: ["1"])))
                == .steppingStone(needs: [version("1")]))
    }

    @Test func anImageForHardwareThatWasNotPlannedIsNotOffered() throws {
        let decision = try Self.decision(of: device(hardware: "gw-1"))
        #expect(try decision == .no(.ineligible(.wrongHardware(model("gw-1")))))
    }

    @Test func aLaterWaveWaits() throws {
        #expect(try Self.decision(place: .max) == .no(.waveNotOpen(opens: 1)))
    }

    @Test func whatNoWaveReachesIsNotOffered() throws {
        let decision = try Self.decision(place: .max) { $0.waves[1].percent = "50%" }
        #expect(decision == .no(.inNoWave))
    }

    @Test func theCapHolds() throws {
        #expect(try Self.decision(openLeases: 3) == .no(.capReached(limit: 3)))
        #expect(try Self.decision(openLeases: 4) == .no(.capReached(limit: 3)))
    }

    @Test func rulesAreAskedInOrder() throws {
        // Each row breaks one rule less than the row before it.
        let later = try device(running: "acme-gateway 3")
        let draft = try Self.decision(
            of: later, place: .max, state: .draft, openLeases: 3, attempt: .proven)
        #expect(draft == .no(.notRunning(.draft)))
        let proven = try Self.decision(of: later, place: .max, openLeases: 3, attempt: .proven)
        #expect(proven == .no(.attemptProven))
        let downgrade = try Self.decision(of: later, place: .max, openLeases: 3)
        #expect(try downgrade == .no(.ineligible(.downgrade(from: version("3")))))
        #expect(try Self.decision(place: .max, openLeases: 3) == .no(.waveNotOpen(opens: 1)))
        #expect(try Self.decision(openLeases: 3) == .no(.capReached(limit: 3)))
    }

    @Test func everyRefusalSaysSomethingElse() throws {
        let refusals: [AdmissionRefusal] = [
            .notRunning(.draft), .holdsLease, .attemptProven, .attemptFailed(.boot),
            .ineligible(.retired), .inNoWave, .waveNotOpen(opens: 1), .capReached(limit: 3),
        ]
        #expect(Set(refusals.map(\.description)).count == refusals.count)
    }
}
