import Foundation
import Model
import Slots
import Testing

@Suite struct SystemClockTests {
    @Test func uptimeRisesFromZero() {
        let clock = SystemClock()
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
