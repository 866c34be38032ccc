import Model
import Rollouts
import Testing

/// All limits together under random requests, proofs, failures, expiries and crashes.
///
/// What must hold is counted anew from the leases, with none of the functions under test.
@Suite struct LimitPropertyTests {
    static let seeds: [UInt64] = Array(0..<20)
    /// Two servers whose clocks differ by at most this many seconds write the leases.
    static let clockSkew: Int64 = 5

    @Test(arguments: seeds)
    func noLimitIsEverExceededAndNoLeaseIsLost(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var world = try LimitWorld()
        for step in 0..<3000 {
            let before = world.loop.open
            world.step(using: &random)
            if world.loop.open != before { world.checkOpenLeases(step: step) }
        }
        world.checkSlidingLimits()
        world.checkWindow()
        #expect(world.loop.leases.count > 100, "hardly anything was tested")
        #expect(world.refusalKinds == Set(LimitWorld.kinds), "not every limit was tested")
        world.drain()
        #expect(world.loop.open.isEmpty, "a lease is never freed")
        #expect(world.ended.count == world.loop.leases.count, "a lease was lost")
    }
}
