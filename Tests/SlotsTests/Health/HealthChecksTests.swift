import Agent
import Model
import Slots
import Testing

@Suite struct HealthChecksTests {
    private let clock = HandClock()

    /// Answers as it is told, and takes its time.
    private final class FakeCheck: HealthCheck {
        private let clock: HandClock
        private let takes: Duration
        private let isPunctual: Bool
        private var verdicts: [HealthVerdict]
        /// The times that it was given.
        private(set) var given: [Duration] = []

        init(
            _ clock: HandClock, takes: Duration = .zero, isPunctual: Bool = true,
            _ verdicts: HealthVerdict...
        ) {
            self.clock = clock
            self.isPunctual = isPunctual
            self.takes = takes
            self.verdicts = verdicts
        }

        func run(in slot: SlotName, within time: Duration) -> HealthVerdict {
            given.append(time)
            clock.pass(isPunctual ? min(takes, time) : takes)
            return verdicts.count > 1 ? verdicts.removeFirst() : verdicts[0]
        }
    }

    private func entry(
        _ name: String, _ check: FakeCheck, timeout: Int64 = 60, retryFor: Int64 = 0
    ) -> HealthChecks.Entry {
        HealthChecks.Entry(
            name: name, check: check, timeout: .seconds(timeout), retryFor: .seconds(retryFor))
    }

    private func verdict(
        within seconds: Int64 = 600, _ entries: HealthChecks.Entry...
    ) throws -> HealthVerdict {
        HealthChecks(entries, clock: clock, pause: clock.pause)
            .run(in: try slot("b"), within: .seconds(seconds))
    }

    @Test func nothingToCheckIsHealthy() throws { #expect(try verdict() == .healthy) }

    @Test func allHaveToBeHealthy() throws {
        let (first, second) = (FakeCheck(clock, .healthy), FakeCheck(clock, .healthy))
        #expect(try verdict(entry("a", first), entry("b", second)) == .healthy)
        #expect(first.given.count == 1)
        #expect(second.given.count == 1)
    }

    @Test func theFirstFailureIsToldByNameAndEndsIt() throws {
        let third = FakeCheck(clock, .healthy)
        #expect(
            try verdict(
                entry("a", FakeCheck(clock, .healthy)),
                entry("uplink", FakeCheck(clock, .unhealthy("no carrier"))), entry("c", third))
                == .unhealthy("uplink: no carrier"))
        #expect(third.given.isEmpty)
    }

    @Test func theFirstVerdictCountsUnlessThereIsARetry() throws {
        let check = FakeCheck(clock, .unhealthy("starting"), .healthy)
        #expect(try verdict(entry("web", check)) == .unhealthy("web: starting"))
        #expect(clock.pauses.isEmpty)
    }

    @Test func aLateServiceIsTriedEachSecond() throws {
        let check = FakeCheck(
            clock, .unhealthy("1"), .unhealthy("2"), .unhealthy("3"), .healthy)
        #expect(try verdict(entry("web", check, retryFor: 3)) == .healthy)
        #expect(clock.pauses == [.seconds(1), .seconds(1), .seconds(1)])
    }

    @Test func retryingEnds() throws {
        let check = FakeCheck(clock, .unhealthy("starting"))
        #expect(try verdict(entry("web", check, retryFor: 5)) == .unhealthy("web: starting"))
        #expect(check.given.count == 6)
    }

    @Test func retryingEndsWithTheDeadlineOfTheOldImage() throws {
        let start = clock.uptime
        let check = FakeCheck(clock, takes: .seconds(2), .unhealthy("starting"))
        #expect(
            try verdict(within: 10, entry("web", check, retryFor: 600))
                == .unhealthy("web: starting"))
        #expect(clock.uptime - start <= .seconds(10))
        #expect(check.given == [.seconds(10), .seconds(7), .seconds(4), .seconds(1)])
    }

    @Test func eachGetsItsOwnTimeAndNoMoreThanIsLeft() throws {
        let (first, second) = (
            FakeCheck(clock, takes: .seconds(7), .healthy), FakeCheck(clock, .healthy)
        )
        #expect(
            try verdict(within: 10, entry("a", first, timeout: 8), entry("b", second)) == .healthy)
        #expect(first.given == [.seconds(8)])
        #expect(second.given == [.seconds(3)])
    }

    @Test func aCheckForWhichNoTimeIsLeftIsNotRun() throws {
        let second = FakeCheck(clock, .healthy)
        #expect(
            try verdict(
                within: 10, entry("a", FakeCheck(clock, takes: .seconds(10), .healthy)),
                entry("b", second)) == .unhealthy("b: no time was left for it"))
        #expect(second.given.isEmpty)
    }

    @Test func aVerdictFromAfterTheDeadlineIsNone() throws {
        let late = FakeCheck(clock, takes: .seconds(11), isPunctual: false, .healthy)
        #expect(
            try verdict(within: 10, entry("a", late))
                == .unhealthy("a: it took too long"))
    }
}
