import Model
import Synchronization
import TestSupport
import Testing

@testable import Orchestrator
@testable import Server

/// Who may ask how often, on a clock that a test moves.
@Suite struct CallerLimitsTests {
    private final class Clock: Sendable {
        private let nanoseconds = Mutex<Int64>(0)

        func advance(_ duration: Duration) {
            nanoseconds.withLock { $0 += duration.nanoseconds }
        }
        var now: Int64 { nanoseconds.withLock { $0 } }
    }

    private let clock = Clock()
    private let here = must(NetworkAddress("192.0.2.1"))
    private let elsewhere = must(NetworkAddress("198.51.100.1"))
    private let one = must(DeviceID("one"))

    private func limits(_ change: (inout EdgeLimits) -> Void) -> CallerLimits {
        var limits = EdgeLimits()
        change(&limits)
        return CallerLimits(limits, now: { [clock] in clock.now })
    }

    /// Seconds to wait; `nil` where nothing was refused.
    private func wait(_ body: () throws -> Void) -> Int? {
        do { try body() } catch Refusal.tooMany(let seconds) { return seconds } catch { return -1 }
        return nil
    }

    @Test func anAddressHasSoManyRequestsAndSaysWhenThereAreMore() {
        let limits = limits { $0.addressRequestsPerSecond = 4 }
        for _ in 0..<4 { #expect(wait { try limits.admitRequest(from: here) } == nil) }
        #expect(wait { try limits.admitRequest(from: here) } == 1)
        #expect(wait { try limits.admitRequest(from: elsewhere) } == nil)
        clock.advance(.milliseconds(250))
        #expect(wait { try limits.admitRequest(from: here) } == nil)
        #expect(wait { try limits.admitRequest(from: here) } == 1)
        clock.advance(.seconds(3600))
        for _ in 0..<4 { #expect(wait { try limits.admitRequest(from: here) } == nil) }
        #expect(wait { try limits.admitRequest(from: here) } == 1)
    }

    @Test func afterTheWaitThatWasToldThereIsRoom() throws {
        let limits = limits { $0.addressFailuresPerMinute = 2 }
        for _ in 0..<2 { limits.noteFailure(at: here) }
        let told = try #require(wait { try limits.admit(nil, from: here) })
        #expect(told == 30)
        clock.advance(.seconds(told - 1))
        #expect(wait { try limits.admit(nil, from: here) } == 1)
        clock.advance(.seconds(1))
        #expect(wait { try limits.admit(nil, from: here) } == nil)
    }

    @Test func noDebtIsForEver() {
        let limits = limits { $0.addressFailuresPerMinute = 60 }
        for _ in 0..<100_000 { limits.noteFailure(at: here) }
        #expect(wait { try limits.admit(nil, from: here) } == 61)
    }

    @Test func whoHasProvenThemselvesIsHeardAmongStrangers() {
        let limits = limits { $0.addressFailuresPerMinute = 1 }
        limits.noteProof(of: .device(one), at: here)
        limits.noteProof(of: .bearer("Bearer t"), at: here)
        for _ in 0..<9 { limits.noteFailure(at: here) }

        #expect(wait { try limits.admitCheckIn(of: one, from: here) } == nil)
        #expect(wait { try limits.admit(.bearer("Bearer t"), from: here) } == nil)
        let two = must(DeviceID("two"))
        #expect(wait { try limits.admitCheckIn(of: two, from: here) } != nil)
        #expect(wait { try limits.admit(.bearer("Bearer u"), from: here) } != nil)
        #expect(wait { try limits.admit(nil, from: here) } != nil)
        #expect(wait { try limits.admitCheckIn(of: two, from: elsewhere) } == nil)
    }

    /// A neighbour behind the same address knows a device's name, and shouts it.
    @Test func aNeighbourCannotLockAProvenDeviceOut() {
        let limits = limits { $0.deviceFailuresPerMinute = 3 }
        limits.noteProof(of: .device(one), at: here)
        for _ in 0..<9 { limits.noteFailure(of: .device(one), at: here) }
        #expect(wait { try limits.admitCheckIn(of: one, from: here) } == nil)

        let two = must(DeviceID("two"))
        for _ in 0..<9 { limits.noteFailure(of: .device(two), at: here) }
        #expect(wait { try limits.admitCheckIn(of: two, from: here) } != nil)
    }

    @Test func aTokenThatIsGoodNoMoreIsAStrangersAgain() {
        let limits = limits { $0.addressFailuresPerMinute = 1 }
        let token = CallerLimits.Caller.bearer("Bearer t")
        limits.noteProof(of: token, at: here)
        limits.noteFailure(at: here)
        limits.noteFailure(of: token, at: here)
        #expect(wait { try limits.admit(token, from: here) } != nil)
    }

    /// A stranger who claims a device's name uses up nothing of the device's.
    @Test func aStrangerCannotLockADeviceOut() {
        let limits = limits { limits in
            limits.deviceFailuresPerMinute = 3
            limits.deviceCheckInsPerMinute = 5
        }
        for _ in 0..<1000 {
            guard wait({ try limits.admitCheckIn(of: one, from: elsewhere) }) == nil else { break }
            limits.noteFailure(of: .device(one), at: elsewhere)
            limits.noteFailure(at: elsewhere)
        }
        #expect(wait { try limits.admitCheckIn(of: one, from: elsewhere) } != nil)
        for _ in 0..<5 {
            #expect(wait { try limits.admitCheckIn(of: one, from: here) } == nil)
            limits.noteProof(of: .device(one), at: here)
        }
        // What the device itself has used up, it has everywhere.
        #expect(wait { try limits.admitCheckIn(of: one, from: here) } == 12)
        let third = must(NetworkAddress("203.0.113.1"))
        #expect(wait { try limits.admitCheckIn(of: one, from: third) } == 12)
    }

    @Test func zeroIsNoLimit() {
        let limits = limits { limits in
            limits.addressRequestsPerSecond = 0
            limits.addressFailuresPerMinute = 0
            limits.deviceCheckInsPerMinute = 0
            limits.deviceFailuresPerMinute = 0
        }
        for _ in 0..<100_000 {
            limits.noteFailure(at: here)
            limits.noteFailure(of: .device(one), at: here)
            limits.noteProof(of: .device(one), at: here)
        }
        #expect(wait { try limits.admitRequest(from: here) } == nil)
        #expect(wait { try limits.admitCheckIn(of: one, from: here) } == nil)
    }

    /// Memory is bounded, and it is the diligent who are remembered.
    @Test func aMillionAddressesDoNotWashAwayTheWorst() {
        var table = RateTable(units: 10, per: .seconds(60), bucketCount: 65_536)
        for _ in 0..<20 { table.take(7, at: 0) }
        var random = SystemRandomNumberGenerator()
        for step in 0..<1_000_000 as Range<Int64> {
            table.take(random.next(), at: step * 1000)
        }
        #expect(table.wait(7, at: 1_000_000_000) != nil)
    }

    static let failures: [(status: Int, path: String, isFailure: Bool)] = [
        (401, "/api/v1/devices", true), (401, "/device/v1/check-in", true),
        (400, "/device/v1/check-in", true), (409, "/device/v1/check-in", true),
        (413, "/device/v1/check-in", true), (400, "/x", true),
        (400, "/api/v1/rollouts", false), (409, "/api/v1/rollouts", false),
        (404, "/repository/metadata/9.root.json", false), (200, "/device/v1/check-in", false),
        (429, "/device/v1/check-in", false), (503, "/device/v1/check-in", false),
        (507, "/device/v1/check-in", false),
    ]

    @Test(arguments: failures)
    func onlyWhatTheCallerDidWrongIsAFailure(status: Int, path: String, isFailure: Bool) {
        #expect(LimitingCallers.isFailure(status, at: path) == isFailure)
    }
}
