import Foundation
import Model
import Slots
import Testing

@Suite struct SystemClockTests {
    /// A process that starts again does not get the time of its trial again.
    @Test func uptimeIsTheMachines() throws {
        let text = try String(contentsOfFile: "/proc/uptime", encoding: .utf8)
        let kernel = try #require(Double(text.prefix { $0 != " " }))
        let own = Double(SystemClock().uptime.components.seconds)
        #expect(abs(own - kernel) < 60)
    }

    @Test func uptimeOfAProcessRisesFromZero() {
        let clock = SystemClock.ofThisProcess
        let first = clock.uptime
        #expect(first >= .zero && first < .seconds(60))
        var last = first
        for _ in 0..<1000 {
            let next = clock.uptime
            #expect(next >= last)
            last = next
        }
        #expect(last > first)
    }

    @Test func nowIsNow() {
        let now = SystemClock().now
        #expect(abs(now.secondsSinceEpoch - Int64(Date().timeIntervalSince1970)) <= 2)
    }
}
