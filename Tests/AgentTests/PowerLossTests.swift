import Agent
import AgentSupport
import Model
import Testing
import Trust
import Wire

/// P5: cut the power at any instant, and the device boots a complete image, and the update resumes
/// or is undone.
///
/// Every call that the agent makes to the outside is an instant: store, slot, bootloader, health
/// check and network. What was written to a slot and not synced is lost.
@Suite struct PowerLossTests {
    /// What the calls of an update are when nothing cuts them off.
    private static func calls(_ conduct: Firmware.Conduct) throws -> [String] {
        let world = try World(wanting: Firmware("acme-gateway 2.0", conduct: conduct))
        world.settle()
        return world.machine.power.calls
    }

    private static func world(_ conduct: Firmware.Conduct, cutAt cuts: Set<Int>) throws -> World {
        let world = try World(wanting: Firmware("acme-gateway 2.0", conduct: conduct))
        world.machine.power.cuts = cuts
        world.settle()
        return world
    }

    /// The new image has no say before its agent has stored that it is there: up to that call, a
    /// cut cannot be told from an image that never came up.
    private static func wasCutBeforeTheNewImageSpoke(_ world: World) -> Bool {
        let calls = world.machine.power.calls
        return calls.indices.contains { index in
            guard ["reboot", "cut before: reboot"].contains(calls[index]) else { return false }
            let next = calls[(index + 1)...].prefix(2)
            return next.first == "cut before: read b"
                || Array(next) == ["read b", "cut before: save trial"]
        }
    }

    @Test func aGoodUpdateSurvivesACutAtEveryInstant() throws {
        let calls = try Self.calls(.healthy)
        #expect(calls.count > 50)
        var undone = 0
        for cut in calls.indices {
            let world = try Self.world(.healthy, cutAt: [cut])
            let place = "cut \(cut), before \(calls[cut])"
            if Self.wasCutBeforeTheNewImageSpoke(world) {
                undone += 1
                #expect(world.failure?.kind == .boot, "\(place)")
                #expect(world.machine.confirmed.text == "a", "\(place)")
            } else {
                #expect(world.isProven, "\(place): \(String(describing: world.server.end))")
                #expect(world.machine.confirmed.text == "b", "\(place)")
            }
            #expect(world.machine.trial == nil, "\(place)")
            #expect(world.storedPhase == .idle, "\(place)")
        }
        #expect(undone == 2)
    }

    @Test(arguments: [Firmware.Conduct.unhealthy, .neverBoots])
    func aBadUpdateIsUndoneWhereverItIsCut(conduct: Firmware.Conduct) throws {
        let calls = try Self.calls(conduct)
        #expect(calls.count > 45)
        for cut in calls.indices {
            let world = try Self.world(conduct, cutAt: [cut])
            let place = "cut \(cut), before \(calls[cut])"
            let kinds: Set<FailureClass> = conduct == .unhealthy ? [.health, .boot] : [.boot]
            #expect(world.failure.map { kinds.contains($0.kind) } == true, "\(place)")
            #expect(world.machine.confirmed.text == "a", "\(place)")
            #expect(world.machine.running?.conduct == .healthy, "\(place)")
            #expect(world.machine.trial == nil, "\(place)")
            #expect(world.storedPhase == .idle, "\(place)")
        }
    }

    /// The instants at which the second cut of a pair falls, so many calls after the first.
    static let distances = [1, 2, 3, 4, 5, 7, 10, 15]

    @Test(arguments: distances)
    func aGoodUpdateSurvivesASecondCut(distance: Int) throws {
        let calls = try Self.calls(.healthy)
        for cut in calls.indices {
            let world = try Self.world(.healthy, cutAt: [cut, cut + distance])
            let place = "cuts \(cut) and \(cut + distance)"
            let isUndone = Self.wasCutBeforeTheNewImageSpoke(world)
            #expect(world.isProven == !isUndone, "\(place)")
            #expect((world.failure?.kind == .boot) == isUndone, "\(place)")
            #expect(world.machine.confirmed.text == (world.isProven ? "b" : "a"), "\(place)")
            #expect(world.machine.trial == nil, "\(place)")
        }
    }

    @Test(arguments: distances)
    func aBadUpdateIsUndoneAfterASecondCut(distance: Int) throws {
        let calls = try Self.calls(.unhealthy)
        for cut in calls.indices {
            let world = try Self.world(.unhealthy, cutAt: [cut, cut + distance])
            #expect(world.failure != nil, "cuts \(cut) and \(cut + distance)")
            #expect(world.machine.confirmed.text == "a")
        }
    }

    /// A device whose supply fails again and again gets there, or goes back; it never hangs.
    @Test(arguments: [7, 11, 13, 17, 23, 29])
    func anUpdateEndsUnderCutsAtRegularIntervals(interval: Int) throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.machine.power.cuts = Set(stride(from: interval, to: 400, by: interval))
        world.run(maximumSteps: 2000) { $0.server.isSettled }
        #expect(world.violations == [])
        #expect(world.isProven || world.failure?.kind == .boot)
    }
}
