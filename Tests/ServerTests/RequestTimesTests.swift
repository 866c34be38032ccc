import NIOCore
import Testing

@testable import Server

/// Until when a connection is waited for.
@Suite struct RequestTimesTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private static func at(_ seconds: Int64) -> NIODeadline { start + .seconds(seconds) }

    private static func times() -> RequestTimes {
        var limits = EdgeLimits()
        limits.headSeconds = 10
        limits.idleSeconds = 15
        limits.bodySeconds = 20
        limits.bodyBytesPerSecond = 100
        limits.answerSeconds = 60
        return RequestTimes(limits, now: start)
    }

    @Test func theFirstHeadHasItsTimeAndTheNextHasAnother() {
        var times = Self.times()
        #expect(times.deadline == Self.at(10))
        #expect(times.lateness == .silent)
        times.head(at: Self.at(3))
        #expect(!times.isWaiting)
        times.end(at: Self.at(4))
        #expect(times.deadline == Self.at(64))
        #expect(times.lateness == .unanswered)
        times.answerBegins()
        #expect(times.deadline == nil)
        times.answerEnds(at: Self.at(30))
        #expect(times.isWaiting)
        #expect(times.deadline == Self.at(45))
    }

    @Test func bytesEarnABodyTimeAndNoMoreThanThereWas() {
        var times = Self.times()
        times.head(at: Self.at(0))
        times.wantsMore(at: Self.at(0))
        #expect(times.deadline == Self.at(20))
        #expect(times.lateness == .slowBody)
        // Ten seconds are gone; 500 bytes are worth five.
        times.body(byteCount: 500, at: Self.at(10))
        #expect(times.deadline == Self.at(25))
        times.body(byteCount: 1_000_000_000, at: Self.at(11))
        #expect(times.deadline == Self.at(31))
    }

    @Test func aDripDoesNotKeepABodyAlive() {
        var times = Self.times()
        times.head(at: Self.at(0))
        times.wantsMore(at: Self.at(0))
        for second in 1...30 as ClosedRange<Int64> { times.body(byteCount: 1, at: Self.at(second)) }
        #expect(times.deadline.map { $0 < Self.at(21) } == true)
    }

    /// A slow disk is not the client's fault.
    @Test func aClientIsNotWaitedForWhileNobodyReads() {
        var times = Self.times()
        times.head(at: Self.at(0))
        times.wantsMore(at: Self.at(0))
        times.body(byteCount: 1000, at: Self.at(1))
        times.hasRead()
        #expect(times.deadline == Self.at(61))
        #expect(times.lateness == .unanswered)
        times.wantsMore(at: Self.at(50))
        #expect(times.deadline == Self.at(70))
    }

    @Test func thePipelinedAreOwedTheirAnswersToo() {
        var times = Self.times()
        times.head(at: Self.at(0))
        times.end(at: Self.at(0))
        times.head(at: Self.at(1))
        times.end(at: Self.at(1))
        times.answerBegins()
        times.answerEnds(at: Self.at(5))
        #expect(!times.isWaiting)
        #expect(times.deadline == Self.at(65))
    }
}
