import Model
import OpenSSL
import Orchestrator
import Rollouts
import TestSupport
import Testing

/// Devices keep their places for ever, so these are the bytes that they were given first.
@Suite struct FleetOrderTests {
    private static func bucket(_ value: UInt64) -> Bucket {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) }
        return Bucket(must(Digest(bytes: bytes + Array(repeating: 0, count: 24))))
    }

    @Test func aRolloutsOrderIsTheHashOfItsNamesHashAndTheDevice() {
        let order = FleetOrder.ofRollout(must(RolloutName("gateway-2.4.1")), by: OpenSSLHashing())
        #expect(order.bucket(of: must(DeviceID("gw-1"))) == Self.bucket(0xeb5f_16c6_1c05_0df5))
    }

    @Test func theFleetsOwnOrderIsThatOfNoRollout() {
        let order = FleetOrder.ofFleet(by: OpenSSLHashing())
        #expect(order.bucket(of: must(DeviceID("gw-1"))) == Self.bucket(0xc8a6_1957_6703_75b4))
    }
}
