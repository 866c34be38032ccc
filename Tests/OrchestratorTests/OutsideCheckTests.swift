import Model
import Orchestrator
import Rollouts
import TestSupport
import Testing
import Wire

/// Gates that ask somebody outside.
@Suite struct OutsideCheckTests {
    private static let name = must(RolloutName("r"))
    private static let qa = RolloutFile.Check(name: "qa", command: "x")

    /// Two canaries that have proven the release, so that nothing but the checks is missing.
    private struct Stage {
        let world: World
        let probe: FakeProbe
        let orchestrator: Orchestrator

        init(
            _ answers: [String: OutsideAnswer] = [:], checks: [RolloutFile.Check] = [qa]
        ) async throws {
            world = try World()
            probe = FakeProbe(answers)
            orchestrator = try await world.orchestrator(outside: probe)
            try await world.publish("2.0.0", to: orchestrator)
            var devices = (0..<6).map { TestDevice($0) }
            for index in devices.indices { _ = try await devices[index].checkIn(orchestrator) }
            let waves: [RolloutFile.Wave] = [
                .init(name: "canary", sample: 2), .init(name: "early", sample: 3),
                .init(name: "fleet", percent: "100"),
            ]
            try await orchestrator.start(
                .simple("r", waves: waves, gate: .init(minConfirmed: 2, checks: checks)))
            for index in devices.indices {
                guard let offer = try await devices[index].checkIn(orchestrator).offer else {
                    continue
                }
                devices[index].boots(offer)
                _ = try await devices[index].checkIn(orchestrator, .proven(offer.nonce))
            }
        }

        var rollout: RolloutSummary {
            get async throws { try await orchestrator.rollout(OutsideCheckTests.name) }
        }
    }

    @Test func aPassOpensTheNextWave() async throws {
        let stage = try await Stage(["qa": .pass])
        #expect(try await stage.rollout.wave == 0)
        try await stage.orchestrator.askOutsideChecks()
        #expect(try await stage.rollout.wave == 1)
    }

    @Test func tellsWhatIsAsked() async throws {
        let stage = try await Stage()
        let opened = stage.world.clock.now
        stage.world.clock.advance(seconds: 5)
        try await stage.orchestrator.askOutsideChecks()
        #expect(
            stage.probe.questions.map(\.question) == [
                OutsideQuestion(
                    rollout: Self.name, release: must(ReleaseID("acme 2.0.0")), wave: 0,
                    waveName: "canary", since: opened, proven: 2, failed: 0,
                    now: stage.world.clock.now)
            ])
    }

    /// Promise P3: neither doubt nor silence opens a wave, however often one looks.
    @Test func unknownHoldsAndSaysSo() async throws {
        let stage = try await Stage(["qa": .unknown("no\nroute")])
        try await stage.orchestrator.step()
        let silent = try await stage.rollout
        #expect(silent.wave == 0)
        #expect(silent.reason == "hold: check qa is unknown: not asked since the wave opened")

        try await stage.orchestrator.askOutsideChecks()
        try await stage.orchestrator.step()
        let doubting = try await stage.rollout
        #expect(doubting.wave == 0)
        #expect(doubting.reason == "hold: check qa is unknown: no route")
    }

    @Test func everyCheckHasToPass() async throws {
        let checks = ["a", "b"].map { RolloutFile.Check(name: $0, command: "x") }
        let stage = try await Stage(["a": .pass, "b": .unknown("x")], checks: checks)
        try await stage.orchestrator.askOutsideChecks()
        #expect(try await stage.rollout.wave == 0)
        stage.probe.set("b", .pass)
        stage.world.clock.advance(seconds: 30)
        try await stage.orchestrator.askOutsideChecks()
        #expect(try await stage.rollout.wave == 1)
    }

    @Test func aFailurePauses() async throws {
        let stage = try await Stage(["qa": .fail("42 of 50 angry")])
        try await stage.orchestrator.askOutsideChecks()
        let paused = try await stage.rollout
        #expect(paused.state == "paused")
        #expect(paused.reason == "check qa failed: 42 of 50 angry")
        // It is in the store like any other state.
        let again = try await stage.world.orchestrator()
        #expect(try await again.rollout(Self.name).reason == paused.reason)
        // Nobody is asked about a wave that is not open.
        stage.world.clock.advance(seconds: 600)
        try await stage.orchestrator.askOutsideChecks()
        #expect(stage.probe.questions.count == 1)
    }

    /// The clock stands still: it is the opening that counts, not the second.
    @Test func afterResumingOnlyANewAnswerCounts() async throws {
        let stage = try await Stage(["qa": .fail("angry")])
        try await stage.orchestrator.askOutsideChecks()
        _ = try await stage.orchestrator.control(Self.name, .resume)
        try await stage.orchestrator.step()
        let resumed = try await stage.rollout
        #expect(resumed.state == "running")
        #expect(resumed.reason == "hold: check qa is unknown: not asked since the wave opened")

        stage.probe.set("qa", .pass)
        try await stage.orchestrator.askOutsideChecks()
        #expect(try await stage.rollout.wave == 1)
    }

    @Test func anAnswerThatBecameOldHolds() async throws {
        // The wave needs more proofs than there are, so the answer has time to age.
        let stage = try await Stage(
            ["a": .pass, "b": .unknown("x")],
            checks: ["a", "b"].map { RolloutFile.Check(name: $0, command: "x") })
        try await stage.orchestrator.askOutsideChecks()
        stage.world.clock.advance(seconds: 70)
        #expect(try await stage.rollout.reason == "hold: check b is unknown: x")
        stage.world.clock.advance(seconds: 1)
        #expect(try await stage.rollout.reason == "hold: check a is unknown: asked 71s ago")
    }

    @Test func anAnswerAboutAnEarlierWaveDoesNotCount() async throws {
        let stage = try await Stage(["qa": .pass])
        try await stage.orchestrator.askOutsideChecks()
        // Everybody in the second wave has proven it, in the second in which the answer came.
        try await stage.orchestrator.step()
        let second = try await stage.rollout
        #expect(second.wave == 1)
        #expect(second.reason.contains("not asked since the wave opened"))
    }

    /// An answer that takes its time may come when the wave it is about is not open any more.
    @Test func anAnswerThatComesTooLateDoesNotCount() async throws {
        let stage = try await Stage(["qa": .pass])
        let orchestrator = stage.orchestrator
        stage.probe.meanwhile {
            _ = try? await orchestrator.control(Self.name, .pause)
            _ = try? await orchestrator.control(Self.name, .resume)
        }
        try await stage.orchestrator.askOutsideChecks()
        let reopened = try await stage.rollout
        #expect(reopened.wave == 0)
        #expect(reopened.reason.contains("not asked since the wave opened"))
    }

    @Test func asksAsOftenAsTheFileSays() async throws {
        let stage = try await Stage(["qa": .unknown("x")])
        for _ in 0..<3 { try await stage.orchestrator.askOutsideChecks() }
        #expect(stage.probe.questions.count == 1)
        stage.world.clock.advance(seconds: 29)
        try await stage.orchestrator.askOutsideChecks()
        #expect(stage.probe.questions.count == 1)
        stage.world.clock.advance(seconds: 1)
        try await stage.orchestrator.askOutsideChecks()
        #expect(stage.probe.questions.count == 2)
    }

    @Test func asksAtMostEightAtOnce() async throws {
        let checks = (0..<8).map { RolloutFile.Check(name: "c\($0)", command: "x") }
        let stage = try await Stage(checks: checks)
        for other in ["s", "t"] {
            try await stage.orchestrator.start(
                .simple(other, gate: .init(checks: checks)))
        }
        for asked in [8, 16, 24, 24] {
            try await stage.orchestrator.askOutsideChecks()
            #expect(stage.probe.questions.count == asked)
        }
        // Nor do calls that come while others wait find more room.
        let orchestrator = stage.orchestrator
        stage.probe.meanwhile { try? await orchestrator.askOutsideChecks() }
        stage.world.clock.advance(seconds: 30)
        try await stage.orchestrator.askOutsideChecks()
        #expect((2...8).contains(stage.probe.mostUnderWay))
    }

    @Test func nobodyIsAskedTheSameTwiceAtOnce() async throws {
        let stage = try await Stage()
        let orchestrator = stage.orchestrator
        stage.probe.meanwhile { try? await orchestrator.askOutsideChecks() }
        try await stage.orchestrator.askOutsideChecks()
        #expect(stage.probe.questions.count == 1)
    }

    @Test func aServerThatIsToldToEndStoresNoAnswer() async throws {
        let stage = try await Stage(["qa": .pass])
        stage.probe.meanwhile { withUnsafeCurrentTask { $0?.cancel() } }
        try await stage.orchestrator.askOutsideChecks()
        #expect(try await stage.rollout.wave == 0)
    }

    @Test func answersSurviveARestart() async throws {
        let checks = ["a", "b"].map { RolloutFile.Check(name: $0, command: "x") }
        let stage = try await Stage(["a": .pass, "b": .unknown("x")], checks: checks)
        try await stage.orchestrator.askOutsideChecks()
        let restarted = try await stage.world.orchestrator()
        #expect(
            try await restarted.rollout(Self.name).reason == "hold: check b is unknown: x")
    }
}
