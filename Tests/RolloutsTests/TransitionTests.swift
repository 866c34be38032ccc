import Model
import Rollouts
import Testing

@Suite struct TransitionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let from: RolloutState
        let event: RolloutEvent
        let to: RolloutState
        let effects: [RolloutEffect]

        init(
            _ sentence: String, _ from: RolloutState, _ event: RolloutEvent, _ to: RolloutState,
            _ effects: RolloutEffect...
        ) {
            testDescription = sentence
            self.from = from
            self.event = event
            self.to = to
            self.effects = effects
        }
    }

    static let day: Int64 = 86_400

    static func running(_ wave: Int, _ since: Int64) -> RolloutState {
        .running(wave: wave, since: at(since), started: at(0))
    }

    static func paused(
        _ wave: Int, _ reason: RolloutState.PauseReason = .operatorRequest
    ) -> RolloutState { .paused(wave: wave, reason, started: at(0)) }

    static func failed(_ failures: Int, of decided: Int) -> RolloutState.PauseReason {
        .failureLimit(failures: failures, decided: decided)
    }

    /// Everything that a wave with a minimum of two asks for, and `failures`.
    static func tick(_ now: Int64, proven: Int = 9, failed: Int = 0, undecided: Int = 0)
        -> RolloutEvent
    {
        .tick(
            at: at(now),
            WaveEvidence(
                proven: proven, failed: failed, provenInWave: proven, undecided: undecided))
    }

    static let abort = RolloutEvent.abort(.operatorRequest)
    static let completed = RolloutState.completed(at: at(700))
    static let aborted = RolloutState.aborted(.operatorRequest)
    static let expired = RolloutState.aborted(.expired)
    static let back = must("gateway-2.4.1-revert")
    static let reverting = RolloutState.reverting(by: back)
    static let revert = RolloutEvent.revert(by: back)
    static let letIn = RolloutEvent.letIn(at: at(99))

    private static func must(_ text: String) -> RolloutName {
        guard let name = RolloutName(text) else { preconditionFailure("\(text) is a name") }
        return name
    }

    static let ticks: [Row] = [
        Row("a wave keeps soaking", running(0, 0), tick(59), running(0, 0)),
        Row("a held gate opens the next", running(0, 0), tick(60), running(1, 60), .offer(upTo: 1)),
        Row(
            "only one wave opens at a time", running(0, 0), tick(9999), running(1, 9999),
            .offer(upTo: 1)),
        Row("too few proofs hold", running(0, 0), tick(60, proven: 1), running(0, 0)),
        Row("undecided devices hold", running(0, 0), tick(60, undecided: 1), running(0, 0)),
        Row(
            "harm pauses", running(0, 0), tick(5, proven: 0, failed: 2),
            paused(0, failed(2, of: 2)), .stopOffering, .noteEvidence),
        Row(
            "harm pauses the last wave though it soaked", running(1, 60), tick(660, failed: 4),
            paused(1, failed(4, of: 13)), .stopOffering, .noteEvidence),
        Row("the last wave soaks", running(1, 60), tick(659), running(1, 60)),
        Row("the last wave completes it", running(1, 60), tick(660), .completed(at: at(660))),
        Row(
            "the last second of its life", running(0, 0), tick(day - 1, undecided: 1),
            running(0, 0)),
        Row("its lifetime ends it", running(0, 0), tick(day, undecided: 1), expired, .withdraw),
        Row("the end comes before harm", running(0, 0), tick(day, failed: 99), expired, .withdraw),
        Row("the end comes before completion", running(1, 60), tick(day), expired, .withdraw),
        Row("a paused rollout ends too", paused(0), tick(day), expired, .withdraw),
        Row(
            "a paused rollout ignores ticks", paused(1, failed(2, of: 2)),
            tick(day - 1, failed: 99), paused(1, failed(2, of: 2))),
        Row("a late tick after completion", completed, tick(day, failed: 99), completed),
        Row("a late tick after the abort", aborted, tick(day), aborted),
    ]

    static let orders: [Row] = [
        Row(
            "starting opens wave 0", .draft, .start(at: at(7)),
            .running(wave: 0, since: at(7), started: at(7)),
            .offer(upTo: 0)),
        Row(
            "pausing stops offers", running(1, 9), .pause, paused(1), .stopOffering),
        Row(
            "resuming soaks anew", paused(1), .resume(at: at(99)), running(1, 99),
            .offer(upTo: 1)),
        Row(
            "resuming an operator's pause forgives nothing", paused(0),
            .resume(at: at(99)), running(0, 99), .offer(upTo: 0)),
        Row(
            "resuming after failures forgives them", paused(0, failed(3, of: 4)),
            .resume(at: at(99)), running(0, 99), .forgiveNoted, .offer(upTo: 0)),
        Row("resuming too late ends it", paused(0), .resume(at: at(day)), expired, .withdraw),
        Row(
            "a class of its own is forgiven too",
            paused(0, .classLimit(.download, failures: 3, decided: 4)),
            .resume(at: at(99)), running(0, 99), .forgiveNoted, .offer(upTo: 0)),
        Row("reverting while it runs", running(1, 0), revert, reverting, .withdraw),
        Row("reverting after a pause", paused(0), revert, reverting, .withdraw),
        Row("reverting what is complete", completed, revert, reverting, .withdraw),
        Row("reverting what was stopped", aborted, revert, reverting, .withdraw),
        Row("a revert goes on whatever the time is", reverting, tick(day), reverting),
        Row(
            "a revert that is complete", reverting, .reverted, .aborted(.reverted(by: back)),
            .withdraw),
        Row("a revert that failed is begun again", reverting, revert, reverting, .withdraw),
        Row(
            "devices that are let in have to soak", running(1, 9), letIn, running(1, 99),
            .offer(upTo: 1)),
        Row(
            "devices that are let in open a rollout that was complete", completed, letIn,
            .running(wave: 1, since: at(99), started: at(99)), .offer(upTo: 1)),
        Row("devices that are let in wait for a pause to end", paused(0), letIn, paused(0)),
        Row("aborting a revert", reverting, abort, aborted, .withdraw),
        Row("aborting a draft", .draft, abort, aborted, .withdraw),
        Row("aborting while running", running(0, 0), abort, aborted, .withdraw),
        Row("aborting a pause", paused(0), abort, aborted, .withdraw),
        Row("aborting what still offers to latecomers", completed, abort, aborted, .withdraw),
        Row("aborting for the reason given", running(0, 0), .abort(.expired), expired, .withdraw),
    ]

    @Test(arguments: ticks + orders)
    func follows(row: Row) throws {
        let transition = try RolloutPlan.restored().transition(from: row.from, on: row.event)
        #expect(transition.state == row.to)
        #expect(transition.effects == row.effects)
    }

    static let start = RolloutEvent.start(at: at(0))
    static let resume = RolloutEvent.resume(at: at(0))

    static let senseless: [(RolloutState, RolloutEvent)] = [
        (.draft, tick(0)), (.draft, .pause), (.draft, resume),
        (running(0, 0), start), (running(0, 0), resume),
        (paused(0), start), (paused(0), .pause),
        (completed, start), (completed, .pause), (completed, resume),
        (aborted, start), (aborted, .pause), (aborted, resume), (aborted, abort),
        (expired, abort),
        (.draft, revert), (reverting, start), (reverting, .pause),
        (reverting, resume), (.draft, .reverted), (running(0, 0), .reverted),
        (paused(0), .reverted), (completed, .reverted), (aborted, .reverted),
        (.draft, letIn), (reverting, letIn), (aborted, letIn),
    ]

    @Test(arguments: senseless)
    func refusesWhatMakesNoSense(state: RolloutState, event: RolloutEvent) throws {
        let plan = try RolloutPlan.restored()
        #expect(throws: IllegalTransition(state: state, event: event)) {
            try plan.transition(from: state, on: event)
        }
    }

    @Test func tellsTheVerdictThatATickObeys() throws {
        let plan = try RolloutPlan.restored()
        let evidence = WaveEvidence(proven: 9, failed: 3, provenInWave: 9, undecided: 0)
        func verdict(_ state: RolloutState) -> GateVerdict? {
            plan.verdict(in: state, evidence: evidence, at: at(60))
        }
        #expect(verdict(Self.running(0, 0)) == .stop(failures: 3, decided: 12))
        for state in [.draft, Self.paused(0), Self.completed, Self.reverting, Self.aborted] {
            #expect(verdict(state) == nil)
        }
    }

    @Test func saysWhyAnEventIsRefused() {
        let error = IllegalTransition(state: Self.completed, event: .pause)
        #expect("\(error)" == "cannot pause a rollout that is completed at 1970-01-01T00:11:40Z")
    }
}
