import Model
import TestSupport
import Testing

@testable import Orchestrator

/// A look at a fleet in parts.
@Suite struct UntriedPassTests {
    private static let version = RolloutsVersion(number: 1, token: 1)
    private static let moment = Instant(secondsSinceEpoch: 1000)

    private static func device(_ number: Int) -> DeviceID { must(DeviceID("\(100 + number)")) }

    @Test(arguments: [1, 2, 7, 30], [nil, 0, 1, 13, 29, 40])
    func goesRoundOnce(places: Int, start: Int?) throws {
        let fleet = (0..<30).map { Self.device($0) }
        var pass = UntriedPass(Self.version, startingAt: start.map { Self.device($0) })
        var seen: [DeviceID] = []
        for _ in 0..<100 where pass.ended == nil {
            let place = pass.place
            let rest = fleet.filter { device in place.map { device >= $0 } ?? true }
            let end = rest.dropFirst(places).first
            let range = pass.range(upTo: end)
            seen += fleet.filter { device in
                range.from.map { device >= $0 } ?? true
                    && range.before.map { device < $0 } ?? true
            }
            pass.pass(end, at: Self.moment)
        }
        #expect(pass.ended == Self.moment)
        #expect(seen.count == fleet.count && Set(seen) == Set(fleet))
    }

    @Test func isBelievedForAMinute() {
        var pass = UntriedPass(Self.version, startingAt: nil)
        #expect(!pass.isTrusted(at: Self.moment))
        pass.pass(nil, at: Self.moment)
        for (seconds, isTrusted) in [(-1, false), (0, true), (59, true), (60, false)] {
            let moment = Self.moment.advanced(by: .seconds(seconds))
            #expect(pass.isTrusted(at: moment) == isTrusted)
        }
    }
}
